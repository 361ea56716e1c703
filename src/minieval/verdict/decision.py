"""The decision: invalid, retrain, promote or hold, in that order, with the numbers of every gate.

Every promotion gate must pass at alpha. By the intersection-union principle (Berger 1982) this keeps the probability of
a false promotion at or below alpha, without a correction for the number of gates: a false promotion requires an error
of the gate whose claim is false.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from minieval.measures.cost import LEAST_ACCURACY, ArmCost, Cost
from minieval.measures.latency import ServedLatency
from minieval.measures.missing import Missing
from minieval.verdict.gates import Gate, GateId, Outcome, gate, percent, usd
from minieval.verdict.latency_gates import latency_gates
from minieval.verdict.next_steps import next_steps
from minieval.verdict.policy import Policy
from minieval.verdict.quality_gates import Assessment, QualityCall, call_quality
from minieval.verdict.verdict import EXIT_CODES, Verdict

COST_PENDING: Final = "pending lab 03"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the decision looks at. worst counts missing answers against B, best counts them in its favour.

    cost is None if no throughput was measured.
    """

    primary: Assessment
    worst: Assessment
    best: Assessment
    latency: ServedLatency | None
    missing: Missing
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict with its exit code, its reasons in a sentence or two, every gate, and the next steps."""

    verdict: Verdict
    label: str
    exit_code: int
    reasons: tuple[str, ...]
    gates: tuple[Gate, ...]
    next_steps: tuple[str, ...]


def invalid(gates: Sequence[Gate]) -> Decision:
    """Return the verdict on evidence that must not be judged; at least one of the gates has failed."""
    failed = [g for g in gates if g.outcome is Outcome.FAIL]
    return Decision(
        verdict=Verdict.INVALID,
        label=Verdict.INVALID.value,
        exit_code=EXIT_CODES[Verdict.INVALID],
        reasons=tuple(f"{g.name}: {g.observed}" + (f"; expected {g.threshold}" if g.threshold else "") for g in failed),
        gates=tuple(gates),
        next_steps=("repair what failed and judge again; where the log itself is at fault, run both blocks again",),
    )


def decide(policy: Policy, validity: Sequence[Gate], evidence: Evidence) -> Decision:
    """Return the decision; `validity` holds the gates on the evidence itself, which are checked first."""
    # Wrong evidence has no meaningful numbers, so no quality gate is evaluated on it.
    if any(g.outcome is Outcome.FAIL for g in validity):
        return invalid(validity)
    call = call_quality(evidence.primary, policy)
    worst, best = (call_quality(a, policy).verdict for a in (evidence.worst, evidence.best))
    operational = (
        *latency_gates(evidence.latency, policy),
        _failures(evidence.missing, policy),
        _missing(evidence.missing, policy),
        _bounds(worst, best),
        _cost(evidence.cost),
    )
    gates = (*validity, *call.gates, *operational)
    verdict, reasons = _verdict(call, {g.name: g for g in operational})
    # Without a measured cost a promotion keeps its exit code; its label says that it is provisional.
    pending = verdict is Verdict.PROMOTE and evidence.cost is None
    provisional = f" (provisional: CpQU {COST_PENDING})" if pending else ""
    return Decision(
        verdict=verdict,
        label=verdict.value + provisional,
        exit_code=EXIT_CODES[verdict],
        reasons=reasons,
        gates=gates,
        next_steps=next_steps(verdict, policy, evidence.primary, evidence.latency, evidence.missing, gates),
    )


def _verdict(call: QualityCall, gates: Mapping[GateId, Gate]) -> tuple[Verdict, tuple[str, ...]]:
    # Missing answers first: as long as they could change the verdict on quality, that verdict is not known.
    doubtful = _not_passed(gates, GateId.MISSING_PAIRS, GateId.WORST_AND_BEST_CASE)
    if doubtful:
        return Verdict.HOLD, (*_why(doubtful), call.reason)
    if call.verdict is not Verdict.PROMOTE:
        return call.verdict, (call.reason,)
    blocking = _not_passed(gates, GateId.LATENCY_P50, GateId.LATENCY_P95, GateId.FAILURES)
    # Only the cost may stay unknown: without a measured throughput, the promotion is provisional.
    if gates[GateId.COST].outcome is Outcome.FAIL:
        blocking.append(gates[GateId.COST])
    if blocking:
        return Verdict.HOLD, (*_why(blocking), call.reason)
    return Verdict.PROMOTE, (call.reason, "latency and failures stay within their margins")


def _not_passed(gates: Mapping[GateId, Gate], *wanted: GateId) -> list[Gate]:
    return [gates[name] for name in wanted if gates[name].outcome is not Outcome.PASS]


def _why(gates: Sequence[Gate]) -> tuple[str, ...]:
    return tuple(f"{g.name} ({g.outcome.value}): {g.observed}; asked: {g.threshold}" for g in gates)


def _failures(missing: Missing, policy: Policy) -> Gate:
    # The upper limit decides, not the rate: 0 failures in 10 runs is weak evidence of a rate below 2 %.
    found, limit = missing.failures, policy.margins.failure_rate
    if found.upper is None:
        return Gate(GateId.FAILURES, Outcome.INCONCLUSIVE, "B never ran", f"upper limit below {percent(limit)}")
    observed = f"{found.failed} of {found.runs} runs, upper limit {percent(found.upper)}"
    return gate(GateId.FAILURES, found.upper < limit, observed, f"below {percent(limit)}")


def _missing(missing: Missing, policy: Policy) -> Gate:
    lost = missing.pairs - missing.complete
    limit = policy.margins.missing_rate
    observed = f"{lost} of {missing.pairs} pairs ({percent(missing.missing_share)})"
    return gate(GateId.MISSING_PAIRS, missing.missing_share <= limit, observed, f"at most {percent(limit)}")


def _bounds(worst: Verdict, best: Verdict) -> Gate:
    # Compares verdicts rather than numbers: missing answers matter only if they could change the verdict.
    observed = f"worst case {worst.value}, best case {best.value}"
    return gate(GateId.WORST_AND_BEST_CASE, worst is best, observed, "the same on quality")


def _cost(cost: Cost | None) -> Gate:
    """Fail B only if its accuracy is too low; a price per token favours the arm that writes more, so it has no gate."""
    asked = f"B deployment-ready: accuracy at least {percent(LEAST_ACCURACY)}"
    if cost is None:
        return Gate(GateId.COST, Outcome.INCONCLUSIVE, COST_PENDING, "does not block while unknown")
    a, b = (_per_unit(arm) for arm in (cost.a, cost.b))
    return gate(GateId.COST, cost.b.deployment_ready, f"USD per 1,000 tokens and unit of accuracy: B {b}, A {a}", asked)


def _per_unit(arm: ArmCost) -> str:
    if arm.per_quality_unit is None:
        return f"not-deployment-ready (accuracy {percent(arm.accuracy.estimate)})"
    return usd(arm.per_quality_unit.estimate)
