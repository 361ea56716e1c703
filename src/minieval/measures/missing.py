"""How many requests were sent, logged and paired, and how each arm's runs ended."""

from collections.abc import Sequence
from dataclasses import dataclass

from minieval.measures.item_results import Tally
from minieval.record.log.facts import LogFacts
from minieval.record.statuses import FAILED, OK
from minieval.stats import clopper_pearson_upper


@dataclass(frozen=True, slots=True)
class ArmRuns:
    """The number of one arm's runs by status, over the whole log."""

    arm: str
    runs: int
    statuses: dict[str, int]


@dataclass(frozen=True, slots=True)
class Failures:
    """B's failures in all its runs, and the one-sided exact upper limit of the failure rate."""

    failed: int
    runs: int
    upper: float | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Missing:
    """The accounting of the shadow block, and the statuses of both arms.

    sent is None if no manifest says what was sent. torn counts lines that a crash cut short; lost counts the records
    that the log itself reports as lost.
    pairs are requests with a shadow and an item. In complete pairs both arms had their chance; in answered pairs both
    arms answered.
    """

    sent: int | None
    logged: int
    torn: int
    lost: int
    ungradable: int
    pairs: int
    complete: int
    answered: int
    missing_share: float
    repeated_request_ids: int
    runs_a: ArmRuns
    runs_b: ArmRuns
    failures: Failures


def account(
    facts: LogFacts,
    tallies: Sequence[Tally],
    arms: tuple[str, str],
    *,
    ungradable: int,
    sent: int | None,
    torn: int,
    lost: int,
    alpha: float,
) -> Missing:
    """Return the accounting of a log for the arms (A, B); alpha sets the confidence of the failure limit."""
    total = sum(tally.requests for tally in tallies)
    complete = sum(tally.requests for tally in tallies if tally.complete)
    runs_a, runs_b = (
        ArmRuns(arm, sum(statuses.values()), dict(statuses)) for arm, statuses in zip(arms, facts.runs, strict=True)
    )
    # A pair is complete if both arms had their chance, even if one failed: a failure is an observation.
    return Missing(
        sent=sent,
        logged=facts.records,
        torn=torn,
        lost=lost,
        ungradable=ungradable,
        pairs=total,
        complete=complete,
        answered=sum(tally.requests for tally in tallies if tally.answered),
        missing_share=(total - complete) / total if total else 0.0,
        repeated_request_ids=facts.records - facts.distinct_ids,
        runs_a=runs_a,
        runs_b=runs_b,
        failures=_failures(runs_b, alpha),
    )


def _failures(runs: ArmRuns, alpha: float) -> Failures:
    """Count failures among the runs in which the arm had its chance."""
    # Dropped, cancelled and interrupted runs are left out: counting them as successes would hide failures in a busy
    # hour, and the arm is not to blame for them either.
    failed = sum(runs.statuses[status] for status in FAILED)
    n = failed + runs.statuses[OK]
    # Exact, because failures are rare: the normal approximation for 0 of n would give an upper limit of 0.
    upper = clopper_pearson_upper(failed, n, 1 - alpha) if n else None
    return Failures(failed, n, upper, 1 - alpha)
