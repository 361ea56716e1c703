"""What counts as right, and how a wrong answer is classified."""

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicorpus.grid import PERSONS, TENSES, VERBS, forms
from minieval.grading.grammar import Correction, ErrorType, grade, normalise
from minieval.grading.items import Item


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
def test_an_answer_is_classified_by_what_it_did_to_its_sentence(
    asked: Item, answer: str | None, correction: Correction
) -> None:
    found = grade(asked, answer)

    assert found.correction is correction
    assert found.changed == (correction not in {Correction.MISSED, Correction.PRESERVED, Correction.FAILED})


def test_leaving_a_mistake_in_a_sentence_that_its_item_calls_right_is_over_correction() -> None:
    asked = item("She work.", "She works.", cell=("work", "present_simple", "3sg"), mistake=None)

    assert grade(asked, "She work.").correction is Correction.OVER_CORRECTED


def edits(one: str, other: str) -> int:
    """Return the optimal string alignment distance: insertions, deletions, substitutions, swaps of neighbours."""
    table = {(i, j): i + j for i in range(len(one) + 1) for j in range(len(other) + 1) if not i or not j}
    for i, j in itertools.product(range(1, len(one) + 1), range(1, len(other) + 1)):
        cost = one[i - 1] != other[j - 1]
        table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + cost)
        if i > 1 and j > 1 and one[i - 2 : i] == other[j - 2 : j][::-1]:
            table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[len(one), len(other)]


def near(word: str) -> set[str]:
    """Return words at a distance of one and some at two, over few letters."""
    letters = sorted({*word, "x"})
    found = {word}
    for _ in range(2):
        for base in sorted(found)[:: max(1, len(found) // 12)]:
            for i in range(len(base) + 1):
                found |= {base[:i] + base[i + 1 :], base[:i] + base[i : i + 2][::-1] + base[i + 2 :]}
                found |= {base[:i] + c + base[i:] for c in letters} | {base[:i] + c + base[i + 1 :] for c in letters}
    return {w for w in found if w}


@pytest.mark.parametrize(
    ("cell", "form"), [(("go", "past_simple", "3sg"), "went"), (("eat", "past_simple", "1sg"), "ate")]
)
def test_a_misspelling_is_one_insertion_deletion_substitution_or_swap_away(
    cell: tuple[str, str, str], form: str
) -> None:
    asked = item("They xx.", f"They {form}.", cell=cell)
    words = {
        word for tense in TENSES for person in PERSONS for f in forms(cell[0], tense, person) for word in f.split()
    }

    for word in near(form) - words:
        expected = edits(word, form) == 1 and min(len(word), len(form)) >= 3
        assert (grade(asked, f"They {word}.").error is ErrorType.SPELLING) == expected, word


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
