"""Pairing: how repeats of an item are combined, and how missing answers count."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minieval.grading.evalset import EvalItem
from minieval.grading.grader import Mark
from minieval.measures.item_results import Fill, ItemResult, Tally, count, results_per_item

ITEMS = [EvalItem(f"i{n}", f"s{n}", None, {}, None, None) for n in range(4)]
RIGHT, WRONG = Mark(correct=True, outcome="correct"), Mark(correct=False, outcome="wrong")


def tally(n: int, a: bool | None, b: bool | None, requests: int = 1) -> Tally:
    mark_a, mark_b = (None if right is None else RIGHT if right else WRONG for right in (a, b))
    return Tally(ITEMS[n], mark_a, mark_b, answered=None not in (a, b), differing=a != b, requests=requests)


OUTCOMES = st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), min_size=1, max_size=40)


@given(OUTCOMES)
def test_feeding_every_pair_twice_changes_no_row(outcomes: list[tuple[int, bool, bool]]) -> None:
    once = [tally(*outcome) for outcome in outcomes]

    rows, twice = results_per_item(once), results_per_item([*once, *once])

    assert [replace(row, requests=2 * row.requests) for row in rows] == list(twice)


@given(OUTCOMES)
def test_counting_equal_pairs_together_changes_no_row(outcomes: list[tuple[int, bool, bool]]) -> None:
    apart = [tally(*outcome) for outcome in outcomes]
    together = [tally(*outcome, requests=outcomes.count(outcome)) for outcome in set(outcomes)]

    assert results_per_item(apart) == results_per_item(together)


@given(OUTCOMES)
def test_the_two_by_two_table_adds_up_to_the_items(outcomes: list[tuple[int, bool, bool]]) -> None:
    rows = results_per_item(tally(*outcome) for outcome in outcomes)

    assert count(rows).n == len(rows) == len({n for n, _, _ in outcomes})


def test_an_item_whose_answers_vary_enters_with_its_mean_and_counts_by_its_sign() -> None:
    pairs = [tally(0, False, True, requests=2), tally(0, True, True), tally(0, True, False)]

    (row,) = results_per_item(pairs)

    assert (row.a, row.b, row.requests) == (0.5, 0.75, 4)
    assert count([row]).n_improved == 1


@pytest.mark.parametrize(("fill", "expected"), [(Fill.LEAVE_OUT, []), (Fill.WORST, [0.0]), (Fill.BEST, [1.0])])
def test_a_missing_answer_is_left_out_or_bounded(fill: Fill, expected: list[float]) -> None:
    rows = results_per_item([tally(0, True, None)], fill)

    assert [row.b for row in rows] == expected


def test_where_a_is_missing_the_worst_case_is_that_it_was_right() -> None:
    (worst,) = results_per_item([tally(0, None, False)], Fill.WORST)
    (best,) = results_per_item([tally(0, None, False)], Fill.BEST)

    assert (worst.a, worst.b) == (1, 0)
    assert (best.a, best.b) == (0, 0)


@pytest.mark.parametrize("right", [True, False])
def test_a_known_answer_keeps_its_grade_in_either_case(right: bool) -> None:
    for fill, b in ((Fill.WORST, 0), (Fill.BEST, 1)):
        (row,) = results_per_item([tally(0, right, None)], fill)
        assert (row.a, row.b) == (right, b)


def test_rows_are_sorted_by_item_whatever_the_order_of_the_log() -> None:
    rows = results_per_item([tally(n, True, True) for n in (3, 0, 2)])

    assert [row.item.id for row in rows] == ["i0", "i2", "i3"]
    assert isinstance(rows[0], ItemResult)


@pytest.mark.parametrize(("share", "both", "neither"), [(1.0, 1, 0), (0.5, 1, 0), (0.25, 0, 1), (0.0, 0, 1)])
def test_an_item_on_which_the_arms_are_level_is_right_for_both_from_one_half(
    share: float, both: int, neither: int
) -> None:
    found = count([ItemResult(ITEMS[0], share, share, 4)])

    assert (found.n_both, found.n_improved, found.n_regressed, found.n_neither) == (both, 0, 0, neither)
