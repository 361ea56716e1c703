"""What was sent, logged and paired, and what each arm's runs came to."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from minieval.observation import FAILED, MISSING, OK, STATUSES, Observation
from minieval.paired import Pairing
from minieval.stats import clopper_pearson_upper


@dataclass(frozen=True, slots=True)
class ArmRuns:
    """How one arm's runs ended, over the whole log, by status."""

    arm: str
    runs: int
    statuses: dict[str, int]


@dataclass(frozen=True, slots=True)
class Failures:
    """B's failures over all its runs, and the one-sided exact upper limit of their rate."""

    failed: int
    runs: int
    upper: float | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Missing:
    """The accounting of the shadow block, and of the statuses of both arms.

    pairs: requests with a shadow and an item; complete: both arms had their chance; answered: both answered.
    """

    sent: int
    logged: int
    torn: int
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
    observations: Sequence[Observation],
    pairing: Pairing,
    arms: tuple[str, str],
    *,
    sent: int,
    torn: int,
    alpha: float,
) -> Missing:
    """Return the accounting of a log for the arms (A, B); alpha is that of the failure limit."""
    pairs, complete = len(pairing.graded), sum(pair.complete for pair in pairing.graded)
    runs_a, runs_b = (_runs(observations, arm) for arm in arms)
    return Missing(
        sent=sent,
        logged=len(observations),
        torn=torn,
        ungradable=len(pairing.ungradable),
        pairs=pairs,
        complete=complete,
        answered=sum(pair.answered for pair in pairing.graded),
        missing_share=(pairs - complete) / pairs if pairs else 0.0,
        repeated_request_ids=len(observations) - len({o.request_id for o in observations}),
        runs_a=runs_a,
        runs_b=runs_b,
        failures=_failures(runs_b, alpha),
    )


def _runs(observations: Iterable[Observation], arm: str) -> ArmRuns:
    found = Counter(o.answers[arm].status for o in observations if arm in o.answers)
    return ArmRuns(arm, found.total(), {status: found[status] for status in STATUSES})


def _failures(runs: ArmRuns, alpha: float) -> Failures:
    """Count runs in which the arm had its chance; those it never got say nothing about it."""
    failed = sum(runs.statuses[status] for status in FAILED)
    n = failed + runs.statuses[OK]
    upper = clopper_pearson_upper(failed, n, 1 - alpha) if n else None
    # Every run is one of three: answered, failed, missing.
    assert n + sum(runs.statuses[status] for status in MISSING) == runs.runs  # noqa: S101
    return Failures(failed, n, upper, 1 - alpha)
