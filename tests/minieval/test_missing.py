"""The accounting: every run is answered, failed or missing, and what each adds up to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minieval.evalset import EvalItem
from minieval.grader import Mark
from minieval.missing import ArmRuns, Failures, Missing, account
from minieval.observation import FAILED, MISSING, STATUSES, Answer, Observation
from minieval.paired import GradedPair, Pairing, ShadowPair
from minieval.stats import clopper_pearson_upper


def observation(i: int, a: str | None, b: str | None, request: str | None = None) -> Observation:
    answers = {arm: Answer(status) for arm, status in (("A", a), ("B", b)) if status is not None}
    return Observation(
        f"rec{i}", request or f"req{i}", "t", "shadow", "s", "c", "A", "B", {"A": "x", "B": "y"}, "s", answers
    )


def graded(a: str, b: str) -> GradedPair:
    marks = [None if status in MISSING else Mark(status == "ok", "x") for status in (a, b)]
    item = EvalItem("i", "s", None, {}, None, None)
    return GradedPair(ShadowPair("r", "q", "t", "s", Answer(a), Answer(b)), item, marks[0], marks[1])


def arm_runs(arm: str, **counts: int) -> ArmRuns:
    return ArmRuns(arm, sum(counts.values()), {status: counts.get(status, 0) for status in STATUSES})


def test_a_log_is_accounted_for_by_request_pair_and_run() -> None:
    observations = [
        observation(1, "ok", "ok"),
        observation(2, "ok", "error", request="req1"),
        observation(3, "timeout", "bad_output"),
        observation(4, "ok", "dropped"),
        observation(5, "interrupted", None),
        observation(6, None, "timeout"),
    ]
    pairs = (graded("ok", "ok"), graded("ok", "error"), graded("timeout", "bad_output"), graded("ok", "dropped"))
    stranger = ShadowPair("r", "q", "t", "other", Answer("ok"), Answer("ok"))

    found = account(observations, Pairing(pairs, (stranger,)), ("A", "B"), sent=9, torn=2, alpha=0.1)

    assert found == Missing(
        sent=9,
        logged=6,
        torn=2,
        ungradable=1,
        pairs=4,
        complete=3,
        answered=1,
        missing_share=0.25,
        repeated_request_ids=1,
        runs_a=arm_runs("A", ok=3, timeout=1, interrupted=1),
        runs_b=arm_runs("B", ok=1, error=1, bad_output=1, dropped=1, timeout=1),
        failures=Failures(failed=3, runs=4, upper=clopper_pearson_upper(3, 4, 0.9), confidence=0.9),
    )


def test_the_arms_are_the_ones_asked_for() -> None:
    found = account([observation(1, "ok", "error")], Pairing((), ()), ("B", "A"), sent=1, torn=0, alpha=0.05)

    assert (found.runs_a, found.runs_b) == (arm_runs("B", error=1), arm_runs("A", ok=1))
    assert (found.missing_share, found.failures.failed) == (0.0, 0)


def test_an_arm_that_never_had_its_chance_has_no_failure_rate() -> None:
    found = account([observation(1, "ok", "dropped")], Pairing((), ()), ("A", "B"), sent=1, torn=0, alpha=0.05)

    assert found.failures == Failures(0, 0, None, 0.95)


@given(st.lists(st.sampled_from(STATUSES), max_size=30))
def test_every_run_is_answered_failed_or_missing(statuses: list[str]) -> None:
    log = [observation(i, None, status) for i, status in enumerate(statuses)]

    found = account(log, Pairing((), ()), ("A", "B"), sent=0, torn=0, alpha=0.05)

    by = found.runs_b.statuses
    assert found.runs_b.runs == len(statuses) == sum(by.values())
    assert found.failures.failed == sum(by[status] for status in FAILED)
    assert found.failures.runs == len(statuses) - sum(by[status] for status in MISSING)
    assert found.runs_a.runs == 0


@pytest.mark.parametrize(("failed", "runs", "passes"), [(0, 200, True), (1, 200, False), (1, 300, True)])
def test_the_failure_limit_is_that_of_the_documented_examples(failed: int, runs: int, passes: bool) -> None:
    log = [observation(i, None, "error" if i < failed else "ok") for i in range(runs)]

    upper = account(log, Pairing((), ()), ("A", "B"), sent=runs, torn=0, alpha=0.05).failures.upper

    assert upper is not None
    assert (upper < 0.02) == passes
