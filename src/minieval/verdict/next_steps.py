"""The cheapest next step: how many more pairs or requests would settle an open question."""

from collections.abc import Mapping, Sequence
from typing import Final

from minieval.measures.latency import Contrast, ServedLatency
from minieval.measures.missing import Failures, Missing
from minieval.measures.quality import Quality
from minieval.stats import clopper_pearson_upper
from minieval.verdict.gates import Gate, GateId, Outcome, percent, points
from minieval.verdict.latency_gates import fewest_for_p95, requests_needed
from minieval.verdict.policy import Policy
from minieval.verdict.quality_gates import Assessment
from minieval.verdict.verdict import Verdict

# Advice to make more than a million runs is useless, and the search for the number needs an end.
MOST_RUNS: Final = 1_000_000


def next_steps(
    verdict: Verdict,
    policy: Policy,
    assessment: Assessment,
    latency: ServedLatency | None,
    missing: Missing,
    gates: Sequence[Gate],
) -> tuple[str, ...]:
    """Return what to do next, the cheapest first."""
    outcome = {gate.name: gate.outcome for gate in gates}
    if verdict is Verdict.PROMOTE:
        return (_promotion(outcome),)
    if verdict is Verdict.RETRAIN:
        return ("read the regressions in the report, retrain B on what they show, and shadow the new model",)
    steps: list[str] = []
    if outcome[GateId.MISSING_PAIRS] is not Outcome.PASS:
        steps.append("pace the run so that no shadow is dropped, then repeat it: answers are missing")
    steps.extend(_quality_steps(assessment, policy, outcome))
    steps.extend(_latency_steps(latency, policy, outcome))
    if outcome[GateId.FAILURES] is not Outcome.PASS:
        steps.append(_failure_step(missing.failures, policy))
    if outcome[GateId.COST] is Outcome.FAIL:
        steps.append("raise B's accuracy: an arm that is right so rarely is not ready for deployment at any price")
    return tuple(steps) or ("send more pairs: the worst and the best case differ",)


def _promotion(outcome: Mapping[GateId, Outcome]) -> str:
    known = outcome[GateId.COST] is Outcome.PASS
    return f"promote B behind a small canary{'' if known else ', and fill in the cost per quality unit from lab 03'}"


def _quality_steps(assessment: Assessment, policy: Policy, outcome: Mapping[GateId, Outcome]) -> tuple[str, ...]:
    quality = assessment.quality
    if policy.aim == "non_inferior":
        open_question = outcome[GateId.NON_INFERIOR] is not Outcome.PASS
        return (_non_inferior_step(quality, policy),) if open_question else ()
    if assessment.identical:
        return ("nothing to gain in quality; ask for non-inferiority if B is cheaper",)
    if outcome[GateId.BETTER] is Outcome.PASS:
        return ()
    # The pairs needed for the paired test alone; if the run already has them, clusters widened the interval.
    needed = quality.needed
    if needed.estimate is None:
        return ("no practical number of pairs settles the quality question",)
    more = max(0, needed.estimate - quality.n)
    if more == 0:
        by = quality.cluster_name or "item"
        return (f"a new run of {needed.estimate} pairs: the interval by {by} is wider than pairs alone explain",)
    total = f"about {more} more pairs ({needed.estimate} in all)"
    return (f"{total} show {points(needed.effect)} points with a power of {percent(needed.power)}",)


def _non_inferior_step(quality: Quality, policy: Policy) -> str:
    interval = quality.deciding_one_sided.interval
    margin = policy.margins.noninferiority
    if interval.estimate <= -margin:
        return f"the estimate lies below the margin of {points(-margin)} points: retrain rather than wait"
    if interval.estimate == interval.low:
        return "the margin cannot be tested at this n"
    # The interval narrows with the square root of n, so n grows by the square of the factor that is missing.
    shrink = (interval.estimate - interval.low) / (interval.estimate + margin)
    total = int(quality.n * shrink**2) + 1
    return f"about {max(1, total - quality.n)} more pairs ({total} in all) would bring the limit above the margin"


def _latency_steps(latency: ServedLatency | None, policy: Policy, outcome: Mapping[GateId, Outcome]) -> tuple[str, ...]:
    if latency is None or latency.comparison is None:
        return ("run the A/B block: latency was not measured on both arms",)
    margins, comparison = policy.margins, latency.comparison
    n = min(latency.a.n, latency.b.n)
    asked = (
        (GateId.LATENCY_P50, comparison.p50, margins.p50_ratio, 1),
        (GateId.LATENCY_P95, comparison.p95, margins.p95_ratio, fewest_for_p95(policy)),
    )
    return tuple(
        _latency_step(name, contrast, margin, n, fewest, slow=outcome[name] is Outcome.FAIL)
        for name, contrast, margin, fewest in asked
        if outcome[name] is not Outcome.PASS
    )


def _latency_step(name: GateId, contrast: Contrast, margin: float, n: int, fewest: int, *, slow: bool) -> str:
    estimate, high = contrast.gate_ratio.estimate, contrast.gate_ratio.high
    if slow:
        return f"make B faster: its {name} ratio lies above the margin of {margin:.2f}"
    if estimate is None:
        return f"find out why requests fail: the {name} lies among those that did"
    if estimate >= margin:
        # The estimate is beyond the margin, but its interval is not: say what it would take if B is as fast as A.
        needed = requests_needed(contrast, n, margin, 1.0)
        size = "" if needed is None else f" with about {max(needed, fewest, n)} requests per arm"
        again = f"repeat the A/B block{size}"
        return f"{again}, or make B faster: its {name} ratio of {estimate:.2f} is above {margin:.2f}, but not surely so"
    needed = requests_needed(contrast, n, margin)
    if needed is None and high is None and n >= fewest:
        return f"the {name} margin cannot be tested at {n} requests per arm: its ratio has no upper limit"
    more = max(1, (needed or 0) - n, fewest - n)
    return f"about {more} more A/B requests per arm ({n + more} in all) could settle the {name} margin"


def _failure_step(failures: Failures, policy: Policy) -> str:
    limit = policy.margins.failure_rate
    if failures.runs and failures.failed / failures.runs >= limit:
        return f"find out why B failed {failures.failed} times before anything else"
    # The exact limit has no closed-form inverse. Steps of 1 % are precise enough for planning a run.
    runs = max(1, failures.runs)
    while clopper_pearson_upper(failures.failed, runs, failures.confidence) >= limit and runs < MOST_RUNS:
        runs = runs + max(1, runs // 100)
    return f"about {runs - failures.runs} more runs of B without a failure bring the limit below {percent(limit)}"
