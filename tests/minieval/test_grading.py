"""What counts as right, and what is said of a wrong answer."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicorpus.grid import PERSONS, TENSES, VERBS, forms
from minieval.grading import Correction, ErrorType, grade, normalise
from minieval.items import Item


def item(sentence: str, *accepted: str, cell: tuple[str, str, str], mistake: str | None = "some") -> Item:
    verb, tense, person = cell
    return Item("i", sentence, accepted, verb, tense, person, "irregular", mistake, "f")


WENT = item("Yesterday he goed home.", "Yesterday he went home.", cell=("go", "past_simple", "3sg"))
GONE = item("He has went home.", "He has gone home.", cell=("go", "past_participle", "3sg"))
WILL = item("He will writes.", "He will write.", "He is going to write.", cell=("write", "future", "3sg"))
RIGHT = item("She works.", "She works.", cell=("work", "present_simple", "3sg"), mistake=None)


@pytest.mark.parametrize(
    ("asked", "answer", "error"),
    [
        (WENT, "Yesterday he goed home.", ErrorType.UNCHANGED),
        (WENT, "Yesterday he goes home.", ErrorType.TENSE),
        (WENT, "Yesterday he will go home.", ErrorType.TENSE),
        (WENT, "Yesterday he gone home.", ErrorType.FORM),
        (WENT, "Yesterday he did went home.", ErrorType.FORM),
        (WENT, "Yesterday he home.", ErrorType.FORM),
        (WENT, "Yesterday he wented home.", ErrorType.OVER_REGULARISED),
        (WENT, "Yesterday he wnet home.", ErrorType.SPELLING),
        (WENT, "Yesterday he wentt home.", ErrorType.SPELLING),
        (WENT, "Yesterday she went home.", ErrorType.OTHER),
        (WENT, "yesterday he went home.", ErrorType.OTHER),
        (WENT, "Yesterday he banana home.", ErrorType.OTHER),
        (WENT, "", ErrorType.EMPTY),
        (WENT, " \n", ErrorType.EMPTY),
        (WENT, None, ErrorType.EMPTY),
        (GONE, "He have gone home.", ErrorType.AGREEMENT),
        (GONE, "He has go home.", ErrorType.FORM),
        (WILL, "He are going to write.", ErrorType.AGREEMENT),
        (WILL, "He wil write.", ErrorType.SPELLING),
        (WILL, "He wrote.", ErrorType.TENSE),
        (RIGHT, "She work.", ErrorType.AGREEMENT),
    ],
)
def test_a_wrong_answer_has_a_type(asked: Item, answer: str | None, error: ErrorType) -> None:
    found = grade(asked, answer)

    assert not found.correct
    assert found.error is error


@pytest.mark.parametrize("answer", ["He will write.", "He is going to write.", "  He  will\twrite. "])
def test_every_accepted_sentence_is_right_whatever_its_white_space(answer: str) -> None:
    found = grade(WILL, answer)

    assert found.correct
    assert found.error is None
    assert found.correction is Correction.FIXED


@pytest.mark.parametrize(
    ("asked", "answer", "correction"),
    [
        (WENT, "Yesterday he went home.", Correction.FIXED),
        (WENT, "Yesterday he goed home.", Correction.MISSED),
        (WENT, "Yesterday he goes home.", Correction.MISFIXED),
        (RIGHT, "She works.", Correction.PRESERVED),
        (RIGHT, "She worked.", Correction.OVER_CORRECTED),
        (RIGHT, None, Correction.FAILED),
    ],
)
def test_an_answer_is_told_by_what_it_did_to_its_sentence(
    asked: Item, answer: str | None, correction: Correction
) -> None:
    assert grade(asked, answer).correction is correction


@given(st.sampled_from(VERBS), st.sampled_from(TENSES), st.sampled_from(PERSONS), st.text(max_size=40))
def test_any_answer_to_any_cell_gets_a_grade(verb: str, tense: str, person: str, answer: str) -> None:
    right = f"They say {forms(verb, tense, person)[0]} here."
    found = grade(item("They say xx here.", right, cell=(verb, tense, person)), answer)

    assert found.correct == (normalise(answer) == right)
    assert (found.error is None) == found.correct


@given(st.sampled_from(VERBS), st.sampled_from(TENSES), st.sampled_from(PERSONS))
def test_a_form_of_another_person_in_the_same_tense_is_an_agreement_error(verb: str, tense: str, person: str) -> None:
    accepted = forms(verb, tense, person)
    asked = item("They xx here.", *(f"They {form} here." for form in accepted), cell=(verb, tense, person))

    for other in {form for p in PERSONS for form in forms(verb, tense, p)} - set(accepted):
        assert grade(asked, f"They {other} here.").error is ErrorType.AGREEMENT


@given(st.text())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_composed_and_decomposed_letters_are_the_same_answer() -> None:
    asked = item("She go to the cafe.", "She goes to the café.", cell=("go", "present_simple", "3sg"))

    assert grade(asked, unicodedata.normalize("NFD", "She goes to the café.")).correct
