"""The lists that models are scored on."""

import dataclasses
from pathlib import Path

import pytest
from scripts.mlops import score

from minicorpus.split import is_held_out
from minimodel.text.edits import edits_between

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("stratum", [*score.STRATA, *score.FRESH], ids=lambda s: str(s.name))
def test_every_list_matches_its_name(stratum: score.Stratum) -> None:
    drawn = score.draw(stratum, 60, 5)

    assert len(drawn) == 60
    assert all(e.frame.startswith(f"{stratum.frames}-") for e in drawn)
    assert all((e.mistake is None) == stratum.right for e in drawn)
    if stratum.held is not None:
        assert {is_held_out(e.verb, e.tense, e.person, e.mistake or "") for e in drawn} == {stratum.held}


@pytest.mark.parametrize("stratum", [*score.STRATA, *score.FRESH], ids=lambda s: str(s.name))
def test_every_sentence_of_a_list_can_be_corrected_by_an_edit(stratum: score.Stratum) -> None:
    assert all(edits_between(e.sentence, e.accepted[0]) for e in score.draw(stratum, 200, 6))


def test_the_same_seed_draws_the_same_list() -> None:
    assert score.draw(score.FRESH[0], 20, 1) == score.draw(score.FRESH[0], 20, 1)
    assert score.draw(score.FRESH[0], 20, 1) != score.draw(score.FRESH[0], 20, 2)


def test_the_interval_is_wilsons() -> None:
    # Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
    found = score.Share(81, 263).as_json()

    assert (found["low"], found["high"]) == (0.2553, 0.3662)


def test_slices_add_up_to_the_whole() -> None:
    outcomes = [score.Outcome(e, e.accepted[0], applied=True) for e in score.phase_20()]
    wrong = [dataclasses.replace(o, text="") for o in outcomes[:100]] + outcomes[100:]

    for groups in score.slices(wrong).values():
        assert sum(group["correct"] for group in groups.values()) == len(outcomes) - 100
        assert sum(group["n"] for group in groups.values()) == len(outcomes)
