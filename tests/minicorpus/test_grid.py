"""Compares the grid with its table on disk and with an independent inflector."""

import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from minicorpus import grid

ROOT = Path(__file__).resolve().parents[2]
CELLS = [(v, t, p) for v in grid.VERBS for t in grid.TENSES for p in grid.PERSONS]
TAGS = {"infinitive": "VB", "past_simple": "VBD", "past_participle": "VBN"}
# Cells for which lemminflect prefers another form than the grid, each with a reason.
DISPUTED: dict[tuple[str, str, str], str] = {}


@pytest.fixture(scope="module")
def inflect() -> Iterator[object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lemminflect calls numpy in a way numpy deprecates
        import lemminflect  # noqa: PLC0415 - imported under the filter above

        yield lemminflect.getInflection


def _inflected(inflect: object, verb: str, tense: str, person: str) -> set[str]:
    if tense == "future":
        am = {"1sg": "am", "2sg": "are", "3sg": "is"}[person]
        return {f"will {verb}", f"{am} going to {verb}"}
    tag = TAGS.get(tense) or ("VBZ" if person == "3sg" else "VBP")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return set(inflect(verb, tag=tag))  # type: ignore[operator]


@pytest.mark.parametrize("verb", grid.VERBS)
def test_every_form_is_known_to_lemminflect_or_listed_as_disputed(inflect: object, verb: str) -> None:
    unknown = {
        (verb, tense, person): grid.forms(verb, tense, person)
        for tense in grid.TENSES
        for person in grid.PERSONS
        if not set(grid.forms(verb, tense, person)) <= _inflected(inflect, verb, tense, person)
    }

    assert set(unknown) == {cell for cell in DISPUTED if cell[0] == verb}


def test_the_table_on_disk_is_the_grid() -> None:
    found = json.loads((ROOT / "data/processed/conjugation_table.json").read_text("utf-8"))

    assert found == grid.canonical_table()


def test_the_table_has_twenty_verbs_five_tenses_and_three_persons() -> None:
    table = grid.canonical_table()

    assert len(table) == 20
    assert {tuple(verb["tenses"]) for verb in table.values()} == {grid.TENSES}
    assert {tuple(cells) for verb in table.values() for cells in verb["tenses"].values()} == {grid.PERSONS}


def test_twelve_verbs_are_regular_and_form_the_past_with_ed() -> None:
    regular = [verb for verb in grid.VERBS if grid.is_regular(verb)]

    assert len(regular) == 12
    assert all(grid.forms(verb, "past_simple", "1sg")[0].endswith("ed") for verb in regular)


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_every_cell_has_an_english_form_and_a_spanish_pair(cell: tuple[str, str, str]) -> None:
    assert all(grid.forms(*cell))
    assert grid.spanish(*cell)


@pytest.mark.parametrize(
    ("cell", "spanish"),
    [
        (("go", "past_simple", "3sg"), "fue"),
        (("have", "future", "1sg"), "tendré"),
        (("like", "present_simple", "2sg"), "te gusta"),
        (("write", "past_participle", "1sg"), "escrito"),
        (("start", "past_simple", "1sg"), "empecé"),
        (("play", "present_simple", "3sg"), "juega"),
    ],
)
def test_spanish_forms_are_those_of_the_grammar_book(cell: tuple[str, str, str], spanish: str) -> None:
    assert grid.spanish(*cell) == spanish


@pytest.mark.parametrize("cell", [("run", "future", "1sg"), ("go", "pluperfect", "1sg"), ("go", "future", "1pl")])
def test_a_cell_outside_the_grid_is_refused_with_name_and_value(cell: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match=r"unknown (verb|tense|person) '(run|pluperfect|1pl)': expected one of"):
        grid.forms(*cell)
