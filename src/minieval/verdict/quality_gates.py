"""The verdict on quality alone: promote, hold or retrain, and the gates that lead to it."""

from dataclasses import dataclass

from minieval.measures.quality import Deciding, Quality
from minieval.measures.slices import BucketFamily
from minieval.verdict.gates import Gate, GateId, Outcome, gate, percent, points, pvalue
from minieval.verdict.policy import Policy
from minieval.verdict.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Assessment:
    """Quality overall and per slice, under one treatment of missing answers."""

    quality: Quality
    buckets: tuple[BucketFamily, ...]
    identical: bool
    """Whether the arms gave the same answer in every pair."""


@dataclass(frozen=True, slots=True)
class QualityCall:
    """The verdict on quality alone, its reason in a sentence, and its gates."""

    verdict: Verdict
    reason: str
    gates: tuple[Gate, ...]


def call_quality(assessment: Assessment, policy: Policy) -> QualityCall:
    """Apply the quality rules in this order: retrain, promote, otherwise hold."""
    quality = assessment.quality
    gates = (_no_worse(quality), _buckets(assessment), _aim(quality, policy))
    verdict, reason = _verdict(assessment, policy, gates)
    return QualityCall(verdict, reason, gates)


def _verdict(assessment: Assessment, policy: Policy, gates: tuple[Gate, Gate, Gate]) -> tuple[Verdict, str]:
    quality = assessment.quality
    no_worse, buckets, aim = gates
    upper = quality.deciding.interval.high
    gain = policy.margins.smallest_useful_gain
    # Retrain comes before promote: being better overall does not excuse a B that is surely worse on a slice.
    if no_worse.outcome is Outcome.FAIL:
        return Verdict.RETRAIN, f"B is less accurate than A: {_interval(quality.deciding)}"
    if buckets.outcome is Outcome.FAIL:
        return Verdict.RETRAIN, f"B is significantly worse on a slice: {buckets.observed}"
    if policy.aim == "better" and assessment.identical:
        return Verdict.HOLD, "no useful difference: the arms gave the same answers throughout"
    # Futility: even the upper limit is below the smallest useful gain, so more pairs would only confirm that.
    if policy.aim == "better" and upper < gain:
        futile = f"at best B gains {points(upper)} points, the smallest useful gain is {points(gain)}"
        return Verdict.RETRAIN, f"more data would not help: {futile}"
    if aim.outcome is Outcome.PASS:
        claim = "more accurate than" if policy.aim == "better" else "not inferior to"
        return Verdict.PROMOTE, f"B is {claim} A: {_interval(quality.deciding)}"
    return Verdict.HOLD, f"the data do not settle the quality question: {_interval(quality.deciding)}"


def _no_worse(quality: Quality) -> Gate:
    # The upper limit must be strictly below 0: a limit of exactly 0 still allows "no difference".
    worse = quality.deciding.interval.high < 0
    return gate(GateId.NOT_WORSE_OVERALL, not worse, _interval(quality.deciding), "upper limit not below 0 points")


def _buckets(assessment: Assessment) -> Gate:
    blocking = [
        f"{family.name} {bucket.value} ({bucket.n_improved} improved, {bucket.n_regressed} regressed, "
        f"Holm p = {pvalue(bucket.pvalue_holm)})"
        for family in assessment.buckets
        for bucket in family.regressions
        if bucket.pvalue_holm is not None
    ]
    tested = sum(family.tested for family in assessment.buckets)
    observed = "; ".join(blocking) or f"none of {tested} tested slices"
    return gate(GateId.NO_SLICE_WORSE, not blocking, observed, "no Holm-significant regression")


def _aim(quality: Quality, policy: Policy) -> Gate:
    return _better(quality, policy) if policy.aim == "better" else _non_inferior(quality, policy)


def _better(quality: Quality, policy: Policy) -> Gate:
    p, low = quality.mcnemar_midp.pvalue, quality.deciding.interval.low
    failed = quality.deciding.interval.high < policy.margins.smallest_useful_gain
    # Both are required because they can disagree: mid-p ignores clusters, and the interval may be cluster-robust.
    passed = p < policy.alpha and low > 0
    outcome = Outcome.PASS if passed else Outcome.FAIL if failed else Outcome.INCONCLUSIVE
    return Gate(
        GateId.BETTER,
        outcome,
        f"{_interval(quality.deciding)}, mid-p {pvalue(p)}",
        f"lower limit above 0 points and mid-p below {policy.alpha:g}",
    )


def _non_inferior(quality: Quality, policy: Policy) -> Gate:
    margin = policy.margins.noninferiority
    one_sided = quality.deciding_one_sided.interval
    # As for "better", test and interval must both pass, here at the one-sided level.
    passed = quality.noninferiority.passed and one_sided.low > -margin
    failed = one_sided.high <= -margin
    outcome = Outcome.PASS if passed else Outcome.FAIL if failed else Outcome.INCONCLUSIVE
    return Gate(
        GateId.NON_INFERIOR,
        outcome,
        f"one-sided lower limit {points(one_sided.low)} points, p {pvalue(quality.noninferiority.pvalue)}",
        f"above {points(-margin)} points",
    )


def _interval(deciding: Deciding) -> str:
    i = deciding.interval
    return (
        f"{points(i.estimate)} points, {percent(i.confidence).replace('.0', '')} interval "
        f"[{points(i.low)}, {points(i.high)}]"
    )
