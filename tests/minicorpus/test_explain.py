"""Explanations, over every cell of the grid and outside it."""

import random

import pytest

from minicorpus import grid, rules
from minicorpus.explain import explain, find_cell
from minicorpus.frames import fillers, frames
from minicorpus.mistakes import mistakes
from minicorpus.phrases import Side, Source
from minicorpus.sentences import Example, Surroundings, example

CELLS = [(v, t, p) for v in grid.VERBS for t in grid.TENSES for p in grid.PERSONS]
SIDES: tuple[Side, ...] = ("train", "held")
AROUND = Surroundings(lead=0.3, tail=0.3, adverb=0.0)


def _examples(cell: tuple[str, str, str]) -> list[Example]:
    verb, tense, person = cell
    rng = random.Random("-".join(cell))  # noqa: S311 - sentences, not secrets
    # Frames with invented verbs between subject and form are left out: nobody could read a person there.
    plain = [f for side in SIDES for f in frames(tense, side) if not any(f"{{{s}}}" in f.pattern for s in fillers())]
    usable = [f for f in plain if verb != "be" or f.takes_be]
    source = Source(rng, "train", 0.0)
    return [example(source, rng.choice(usable), verb, person, m, around=AROUND) for m in mistakes(*cell)]


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_every_mistake_of_every_cell_is_explained_by_its_own_cell(cell: tuple[str, str, str]) -> None:
    for made in _examples(cell):
        found = find_cell(made.sentence, made.accepted[0])

        assert found is not None, made.sentence
        assert (found.verb, found.tense, found.person) == cell, made.sentence
        assert found.form in grid.forms(*cell)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_an_explanation_names_form_verb_tense_person_rule_and_spanish_pair(
    cell: tuple[str, str, str], language: rules.Language
) -> None:
    verb, tense, person = cell
    made = _examples(cell)[0]

    text = explain(made.sentence, made.accepted[0], language)

    named = (verb, rules.TENSE[language][tense], rules.PERSON[language][person], rules.rule(*cell, language))
    assert all(part in text for part in named)
    assert grid.spanish(*cell) in text


def test_the_explanation_of_went_reads_as_a_sentence() -> None:
    text = explain("He goed to school.", "He went to school.", "en")

    assert text == (
        "Use “went”: past simple of “go”, third person singular. "
        "“go” is irregular: its past is “went”, for every person. In Spanish: “fue”."
    )


@pytest.mark.parametrize("language", ["en", "es"])
def test_an_unchanged_sentence_is_said_to_be_unchanged(language: rules.Language) -> None:
    assert explain("He went home.", "He went home.", language) == rules.UNCHANGED[language]


@pytest.mark.parametrize(
    ("sentence", "correction"),
    [
        ("He swimmed home.", "He swam home."),
        ("He has a dogs.", "He has a dog."),
        ("He went to home.", "He went home."),
        ("He goes every day.", "He go every day."),
        ("They was here.", "They were here, he said."),
        ("a", "b"),
        ("", "He went."),
    ],
)
def test_what_is_outside_the_grid_is_said_to_be_outside(sentence: str, correction: str) -> None:
    assert explain(sentence, correction, "en") == rules.OUTSIDE["en"]


def test_a_learner_form_that_no_list_knows_is_explained_by_the_form_that_replaces_it() -> None:
    found = find_cell("Yesterday she wenteded home.", "Yesterday she went home.")

    assert found is not None
    assert (found.verb, found.tense, found.person) == ("go", "past_simple", "3sg")
