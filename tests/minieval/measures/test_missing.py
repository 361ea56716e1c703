"""The accounting: every run is answered, failed or missing, and what each adds up to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minieval.grading.evalset import EvalItem
from minieval.grading.grader import Mark
from minieval.measures.item_results import Tally
from minieval.measures.missing import ArmRuns, Failures, Missing, account
from minieval.record.log.facts import Found, LogFacts
from minieval.record.statuses import FAILED, MISSING, STATUSES
from minieval.stats import clopper_pearson_upper


def facts(*runs: tuple[str | None, str | None], repeated: int = 0) -> LogFacts:
    counted = [{status: sum(run[arm] == status for run in runs) for status in STATUSES} for arm in (0, 1)]
    return LogFacts(
        records=len(runs),
        distinct_ids=len(runs) - repeated,
        contexts=(),
        twice=Found(0, None),
        split_ids=(0, 0),
        pairs=0,
        complete=0,
        runs=(counted[0], counted[1]),
    )


def tally(a: str, b: str, requests: int = 1) -> Tally:
    mark_a, mark_b = (None if status in MISSING else Mark(status == "ok", "x") for status in (a, b))
    item = EvalItem("i", "s", None, {}, None, None)
    return Tally(item, mark_a, mark_b, answered=a == b == "ok", differing=False, requests=requests)


def arm_runs(arm: str, **counts: int) -> ArmRuns:
    return ArmRuns(arm, sum(counts.values()), {status: counts.get(status, 0) for status in STATUSES})


def test_a_log_is_accounted_for_by_request_pair_and_run() -> None:
    log = facts(
        ("ok", "ok"),
        ("ok", "error"),
        ("timeout", "bad_output"),
        ("ok", "dropped"),
        ("interrupted", None),
        (None, "timeout"),
        repeated=1,
    )
    graded = [tally("ok", "ok"), tally("ok", "error"), tally("timeout", "bad_output"), tally("ok", "dropped")]

    found = account(log, graded, ("A", "B"), ungradable=1, sent=9, torn=2, lost=4, alpha=0.1)

    assert found == Missing(
        sent=9,
        logged=6,
        torn=2,
        lost=4,
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


def test_pairs_that_are_counted_together_count_as_many() -> None:
    found = account(
        facts(),
        [tally("ok", "ok", 7), tally("ok", "dropped", 3)],
        ("A", "B"),
        ungradable=0,
        sent=None,
        torn=0,
        lost=0,
        alpha=0.05,
    )

    assert (found.sent, found.pairs, found.complete, found.answered, found.missing_share) == (None, 10, 7, 7, 0.3)


def test_an_arm_that_never_had_its_chance_has_no_failure_rate() -> None:
    found = account(facts(("ok", "dropped")), [], ("A", "B"), ungradable=0, sent=1, torn=0, lost=0, alpha=0.05)

    assert found.failures == Failures(0, 0, None, 0.95)


@given(st.lists(st.sampled_from(STATUSES), max_size=30))
def test_every_run_is_answered_failed_or_missing(statuses: list[str]) -> None:
    log = facts(*((None, status) for status in statuses))

    found = account(log, [], ("A", "B"), ungradable=0, sent=0, torn=0, lost=0, alpha=0.05)

    by = found.runs_b.statuses
    assert found.runs_b.runs == len(statuses) == sum(by.values())
    assert found.failures.failed == sum(by[status] for status in FAILED)
    assert found.failures.runs == len(statuses) - sum(by[status] for status in MISSING)
    assert found.runs_a.runs == 0


@pytest.mark.parametrize(("failed", "runs", "passes"), [(0, 200, True), (1, 200, False), (1, 300, True)])
def test_the_failure_limit_is_that_of_the_documented_examples(failed: int, runs: int, passes: bool) -> None:
    log = facts(*((None, "error" if i < failed else "ok") for i in range(runs)))

    upper = account(log, [], ("A", "B"), ungradable=0, sent=runs, torn=0, lost=0, alpha=0.05).failures.upper

    assert upper is not None
    assert (upper < 0.02) == passes


def test_a_log_without_pairs_has_none_missing() -> None:
    found = account(facts(("ok", None)), [], ("A", "B"), ungradable=0, sent=1, torn=0, lost=0, alpha=0.05)

    assert (found.pairs, found.complete, found.missing_share) == (0, 0, 0.0)
