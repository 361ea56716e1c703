"""Grade, measure and decide: from a matched log to everything in the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minieval.grading.graded_pairs import grade_pairs
from minieval.grading.grader import Grader
from minieval.grading.lookup import MatchedLog
from minieval.manifest import Run
from minieval.measures.cost import DEFAULT_RATE_USD_PER_HOUR, Cost, price
from minieval.measures.disagreement import Disagreement, disagreement
from minieval.measures.item_results import Fill, Tally, results_per_item
from minieval.measures.latency import ServedLatency, compare_served, compare_shadow
from minieval.measures.missing import Missing, account
from minieval.measures.observed.cases import list_cases
from minieval.measures.observed.plan import PlanFacts
from minieval.measures.observed.tallies import first_pairs, tally_pairs
from minieval.measures.observed.timings import served_latencies, shadow_latencies
from minieval.measures.quality import Quality, assess_quality
from minieval.measures.running import Running, read_running
from minieval.measures.slices import BucketFamily, bucket_families
from minieval.record.log.facts import LogFacts
from minieval.record.statuses import OK
from minieval.stats import RULE, Interval, SignedRank, requests_for_upper_limit
from minieval.verdict.decision import Decision, Evidence, decide
from minieval.verdict.gates import Gate
from minieval.verdict.latency_gates import TighterMargin, tighter_margins
from minieval.verdict.policy import Policy, policy_of
from minieval.verdict.quality_gates import Assessment, call_quality


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The difference under another treatment of missing or failed answers, with its verdict on quality alone."""

    treatment: str
    n: int
    n_improved: int
    n_regressed: int
    difference: Interval
    pvalue: float
    verdict: str


@dataclass(frozen=True, slots=True)
class QualitySection:
    """Quality as used for the decision, the sequential reading, and the results of the other treatments."""

    primary: Quality
    running: Running
    sensitivity: tuple[Sensitivity, ...]


@dataclass(frozen=True, slots=True)
class LatencySection:
    """Latency from the A/B block, which decides, and from the shadow, which does not.

    Below fewest_for_p99 requests an arm's p99 has no upper limit.
    """

    rule: str
    fewest_for_p99: int
    served: ServedLatency
    tighter: tuple[TighterMargin, ...]
    shadow: SignedRank | None


@dataclass(frozen=True, slots=True)
class Analysis:
    """All sections and the decision they lead to."""

    quality: QualitySection
    buckets: tuple[BucketFamily, ...]
    latency: LatencySection
    disagreement: Disagreement
    missing: Missing
    cost: Cost | None
    decision: Decision


def analyse(
    matched: MatchedLog,
    grader: Grader,
    run: Run,
    facts: LogFacts,
    plan: PlanFacts | None,
    validity: Sequence[Gate],
    rate_usd_per_hour: float = DEFAULT_RATE_USD_PER_HOUR,
) -> Analysis:
    """Judge evidence whose validity gates all passed; raises GraderFailed if the grader does."""
    policy, log = policy_of(run), matched.log
    graded = grade_pairs(matched, grader)
    tallies = tally_pairs(graded)

    found = disagreement(tallies, list_cases(graded))
    identical = found.differing == 0
    # Assess every treatment of missing answers in full: the verdict must not depend on the choice of treatment.
    assessments = {fill: _assess(tallies, fill, policy, identical=identical) for fill in Fill}
    primary = assessments[Fill.LEAVE_OUT]
    quality = QualitySection(
        primary.quality,
        read_running(first_pairs(graded), policy.alpha),
        _sensitivity(tallies, assessments, policy),
    )

    latency = compare_served(*served_latencies(log, run.warmup), alpha=policy.alpha, seed=run.seed)
    shadow = compare_shadow(*shadow_latencies(matched, graded))
    missing = account(
        facts,
        tallies,
        log.arms,
        ungradable=graded.ungradable,
        sent=None if plan is None else plan.sent,
        torn=log.torn,
        lost=log.lost,
        alpha=policy.alpha,
    )
    accuracies = (primary.quality.accuracy_a, primary.quality.accuracy_b)
    cost = None if run.throughput is None else price(run.throughput, accuracies, log.arms, rate_usd_per_hour)

    evidence = Evidence(primary, assessments[Fill.WORST], assessments[Fill.BEST], latency, missing, cost)
    return Analysis(
        quality=quality,
        buckets=primary.buckets,
        latency=LatencySection(RULE, requests_for_upper_limit(0.99), latency, tighter_margins(latency, policy), shadow),
        disagreement=found,
        missing=missing,
        cost=cost,
        decision=decide(policy, validity, evidence),
    )


def _assess(tallies: Sequence[Tally], fill: Fill, policy: Policy, *, identical: bool) -> Assessment:
    rows = results_per_item(tallies, fill)
    return Assessment(
        assess_quality(rows, policy.alpha, policy.margins), bucket_families(rows, policy.alpha), identical
    )


def _sensitivity(
    tallies: Sequence[Tally], assessments: Mapping[Fill, Assessment], policy: Policy
) -> tuple[Sensitivity, ...]:
    others = [
        (f"missing to B's disadvantage ({Fill.WORST.value})", assessments[Fill.WORST]),
        (f"missing to B's advantage ({Fill.BEST.value})", assessments[Fill.BEST]),
    ]
    answered = [tally for tally in tallies if tally.answered]
    if answered:
        identical = assessments[Fill.LEAVE_OUT].identical
        complete = _assess(answered, Fill.LEAVE_OUT, policy, identical=identical)
        others.append((f"both arms answered ({OK} only)", complete))
    return tuple(_line(treatment, assessment, policy) for treatment, assessment in others)


def _line(treatment: str, assessment: Assessment, policy: Policy) -> Sensitivity:
    quality = assessment.quality
    return Sensitivity(
        treatment=treatment,
        n=quality.n,
        n_improved=quality.counts.n_improved,
        n_regressed=quality.counts.n_regressed,
        difference=quality.deciding.interval,
        pvalue=quality.mcnemar_midp.pvalue,
        verdict=call_quality(assessment, policy).verdict.value,
    )
