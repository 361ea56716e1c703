"""The mistakes of the grid."""

import pytest

from minicorpus import grid
from minicorpus.mistakes import KINDS, mistakes
from minicorpus.split import is_held_out

CELLS = [(v, t, p) for v in grid.VERBS for t in grid.TENSES for p in grid.PERSONS]
EVERY = [(cell, mistake) for cell in CELLS for mistake in mistakes(*cell)]


@pytest.mark.parametrize(
    ("cell", "kind", "surface"),
    [
        (("go", "present_simple", "3sg"), "missing_s", "go"),
        (("go", "present_simple", "1sg"), "extra_s", "goes"),
        (("go", "past_simple", "3sg"), "over_regular", "goed"),
        (("go", "past_participle", "3sg"), "past_for_participle", "went"),
        (("go", "past_simple", "3sg"), "participle_for_past", "gone"),
        (("go", "past_simple", "3sg"), "bare_form", "go"),
        (("go", "future", "3sg"), "missing_will", "go"),
        (("be", "present_simple", "1sg"), "wrong_be", "is"),
        (("go", "past_simple", "3sg"), "doubled_marking", "did went"),
        (("go", "infinitive", "3sg"), "doubled_marking", "went"),
    ],
)
def test_systematic_mistakes_are_listed_in_their_cells(cell: tuple[str, str, str], kind: str, surface: str) -> None:
    assert (kind, surface) in [(m.kind, m.surface) for m in mistakes(*cell)]


def test_a_mistake_is_never_an_accepted_form_unless_its_auxiliary_is_wrong() -> None:
    right = [(cell, m) for cell, m in EVERY if m.surface in grid.forms(*cell) and m.auxiliary is None]

    assert right == []


def test_every_mistake_replaces_an_accepted_form_and_has_a_known_kind() -> None:
    assert all(m.form in grid.forms(*cell) and m.kind in KINDS for cell, m in EVERY)


def test_every_kind_occurs_and_every_cell_has_at_least_three() -> None:
    assert {m.kind for _, m in EVERY} == set(KINDS)
    assert min(len({m.kind for m in mistakes(*cell)}) for cell in CELLS) >= 3


def test_only_participles_and_infinitives_with_do_have_wrong_auxiliaries() -> None:
    assert {cell[1] for cell, m in EVERY if m.auxiliary} == {"past_participle", "infinitive"}
    assert not [m for cell, m in EVERY if m.auxiliary and cell[:2] == ("be", "infinitive")]


def test_about_one_combination_in_eight_is_held_out() -> None:
    combinations = {(*cell, m.kind) for cell, m in EVERY}
    held = sum(is_held_out(*combination) for combination in combinations)

    assert 0.09 < held / len(combinations) < 0.16
