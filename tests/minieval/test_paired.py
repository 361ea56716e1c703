"""Pairing: grades per status, repeats that collapse, and what missing answers count as."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minieval.evalset import from_item
from minieval.grader import GrammarGrader
from minieval.items import Item
from minieval.observation import FAILED, MISSING, Answer
from minieval.paired import Fill, PairedItem, ShadowPair, collapse, count, grade_pairs

ITEMS = tuple(
    Item(f"i{n}", f"He goed {n}.", (f"He went {n}.",), "go", "past_simple", "3sg", "irregular", "over_regular", "f")
    for n in range(4)
)
INDEX = {item.sentence: from_item(item) for item in ITEMS}
GRADER = GrammarGrader()


def answer(right: bool, n: int) -> Answer:
    return Answer("ok", f"He {'went' if right else 'goes'} {n}.", 1.0)


def pair(n: int, a: bool, b: bool) -> ShadowPair:
    return ShadowPair(f"r{n}", f"q{n}", f"t{n}", f" He goed {n}. ", answer(a, n), answer(b, n))


OUTCOMES = st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), min_size=1, max_size=40)


@given(OUTCOMES)
def test_feeding_every_pair_twice_changes_no_row(outcomes: list[tuple[int, bool, bool]]) -> None:
    once = grade_pairs([pair(*outcome) for outcome in outcomes], INDEX, GRADER).graded

    rows, twice = collapse(once), collapse([*once, *once])

    assert [replace(row, requests=2 * row.requests) for row in rows] == list(twice)


@given(OUTCOMES)
def test_the_two_by_two_table_adds_up_to_the_items(outcomes: list[tuple[int, bool, bool]]) -> None:
    rows = collapse(grade_pairs([pair(*outcome) for outcome in outcomes], INDEX, GRADER).graded)

    assert count(rows).n == len(rows) == len({n for n, _, _ in outcomes})


def test_an_item_whose_answers_vary_enters_with_its_mean_and_counts_by_its_sign() -> None:
    pairs = [pair(0, False, True), pair(0, False, True), pair(0, True, True), pair(0, True, False)]

    (row,) = collapse(grade_pairs(pairs, INDEX, GRADER).graded)

    assert (row.a, row.b, row.requests) == (0.5, 0.75, 4)
    assert count([row]).n_improved == 1


@pytest.mark.parametrize("status", sorted(FAILED))
def test_a_failed_answer_is_wrong(status: str) -> None:
    failed = replace(pair(0, True, True), b=Answer(status, reason="ValueError: no"))

    (row,) = collapse(grade_pairs([failed], INDEX, GRADER).graded)

    assert (row.a, row.b) == (1, 0)


def test_a_failed_answer_is_wrong_even_if_a_text_came_with_it() -> None:
    late = replace(pair(0, True, True), b=Answer("timeout", "He went 0.", 1.0))

    (graded,) = grade_pairs([late], INDEX, GRADER).graded

    assert graded.b is not None
    assert (graded.b.correct, graded.complete, graded.answered) == (False, True, False)


@pytest.mark.parametrize("status", sorted(MISSING))
@pytest.mark.parametrize(("fill", "expected"), [(Fill.LEAVE_OUT, []), (Fill.WORST, [0.0]), (Fill.BEST, [1.0])])
def test_a_missing_answer_is_left_out_or_bounded(status: str, fill: Fill, expected: list[float]) -> None:
    missing = replace(pair(0, True, True), b=Answer(status, reason="queue full"))

    rows = collapse(grade_pairs([missing], INDEX, GRADER).graded, fill)

    assert [row.b for row in rows] == expected


def test_where_a_is_missing_the_worst_case_is_that_it_was_right() -> None:
    missing = replace(pair(0, False, False), a=Answer("interrupted"))

    (worst,) = collapse(grade_pairs([missing], INDEX, GRADER).graded, Fill.WORST)
    (best,) = collapse(grade_pairs([missing], INDEX, GRADER).graded, Fill.BEST)

    assert (worst.a, worst.b) == (1, 0)
    assert (best.a, best.b) == (0, 0)


@pytest.mark.parametrize("right", [True, False])
def test_a_known_answer_keeps_its_grade_in_either_case(right: bool) -> None:
    missing = replace(pair(0, right, True), b=Answer("dropped"))

    for fill, b in ((Fill.WORST, 0), (Fill.BEST, 1)):
        (row,) = collapse(grade_pairs([missing], INDEX, GRADER).graded, fill)
        assert (row.a, row.b) == (right, b)


def test_a_sentence_that_no_item_has_is_ungradable_and_kept() -> None:
    stranger = replace(pair(0, True, True), sentence="Who goes there?")

    found = grade_pairs([stranger, pair(1, True, False)], INDEX, GRADER)

    assert found.ungradable == (stranger,)
    assert len(found.graded) == 1


def test_rows_are_sorted_by_item_whatever_the_order_of_the_log() -> None:
    rows = collapse(grade_pairs([pair(n, True, True) for n in (3, 0, 2)], INDEX, GRADER).graded)

    assert [row.item.id for row in rows] == ["i0", "i2", "i3"]
    assert isinstance(rows[0], PairedItem)
