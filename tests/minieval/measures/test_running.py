"""Reading a shadow while it runs: order, repeats, and the promise that looking often costs nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minieval.grading.evalset import EvalItem
from minieval.grading.grader import Mark
from minieval.measures.item_results import Tally
from minieval.measures.running import read_running
from minieval.stats import always_valid_mcnemar

Outcome = tuple[bool | None, bool | None]
OUTCOMES = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60)


def pair(item: str, outcome: Outcome) -> Tally:
    a, b = (None if right is None else Mark(right, "correct" if right else "wrong") for right in outcome)
    known = EvalItem(item, item, "y", {}, None, None)
    return Tally(known, a, b, answered=True, differing=True, requests=1)


def pairs(outcomes: list[tuple[bool, bool]]) -> list[Tally]:
    return [pair(f"i{i}", outcome) for i, outcome in enumerate(outcomes)]


@given(OUTCOMES)
def test_the_counts_and_the_e_value_are_those_of_all_pairs(outcomes: list[tuple[bool, bool]]) -> None:
    found = read_running(pairs(outcomes), 0.05)

    improved, regressed = (sum(outcome == wanted for outcome in outcomes) for wanted in ((False, True), (True, False)))
    assert (found.n, found.n_improved, found.n_regressed) == (len(outcomes), improved, regressed)
    assert found.statistic == always_valid_mcnemar(improved, regressed).statistic
    assert found.estimate == ((improved - regressed) / len(outcomes) if outcomes else None)


@given(OUTCOMES)
def test_the_p_value_is_the_running_minimum_and_never_rises(outcomes: list[tuple[bool, bool]]) -> None:
    readings = [read_running(pairs(outcomes[:i]), 0.05) for i in range(len(outcomes) + 1)]

    expected = [min(1.0, *(1 / r.statistic for r in readings[: i + 1]), 1.0) for i in range(len(readings))]
    assert [found.pvalue for found in readings] == pytest.approx(expected)
    below = [found.n for found in readings if found.pvalue < 0.05]
    assert readings[-1].decided_after == (below[0] if below else None)


def test_without_a_pair_nothing_is_known() -> None:
    found = read_running([], 0.05)

    assert (found.n, found.estimate, found.statistic, found.pvalue, found.decided_after) == (0, None, 1.0, 1.0, None)


def test_eight_improvements_in_a_row_decide_at_the_eighth() -> None:
    found = read_running(pairs([(True, True), *[(False, True)] * 9]), 0.05)

    # 1/E is .0625 after seven and .0352 after eight (an agreement came before them)
    assert (found.decided_after, found.alpha) == (9, 0.05)


def test_reaching_alpha_exactly_is_not_falling_below_it() -> None:
    one = always_valid_mcnemar(2, 0)

    assert read_running(pairs([(False, True)] * 2), one.pvalue).decided_after is None


def test_only_the_first_complete_pair_of_an_item_counts() -> None:
    log = [pair("i", (None, True)), pair("i", (False, True)), pair("i", (True, False)), pair("j", (True, None))]

    found = read_running(log, 0.05)

    assert (found.n, found.n_improved, found.n_regressed, found.estimate) == (1, 1, 0, 1.0)


def test_looking_after_every_pair_keeps_the_false_alarms_below_alpha() -> None:
    rng = np.random.default_rng(38)
    alarms = 0
    for _ in range(400):
        wins = rng.random(60) < 0.5
        found = read_running(pairs([(not win, bool(win)) for win in wins]), 0.05)
        alarms += found.decided_after is not None

    # At most 20 in expectation; more than 35 of 400 has a chance below .001.
    assert alarms <= 35
