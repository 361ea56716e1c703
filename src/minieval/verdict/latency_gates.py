"""Is B fast enough? The gates on p50 and p95, and the requests that a tighter margin would need."""

import math
from dataclasses import dataclass

from minieval.measures.latency import Contrast, ServedLatency
from minieval.stats import requests_for_upper_limit
from minieval.verdict.gates import Gate, GateId, Outcome
from minieval.verdict.policy import Policy


@dataclass(frozen=True, slots=True)
class TighterMargin:
    """How many requests per arm a margin tighter than the gate's would need; None if unknown."""

    name: str
    margin: float
    requests_per_arm: int | None


def latency_gates(latency: ServedLatency | None, policy: Policy) -> tuple[Gate, Gate]:
    """Return the gates on p50 and p95; they are inconclusive if the A/B block is missing or too small."""
    margins = policy.margins
    comparison = None if latency is None else latency.comparison
    if latency is None or comparison is None:
        missing = "not measured: an arm served no request"
        return (
            Gate(GateId.LATENCY_P50, Outcome.INCONCLUSIVE, missing, _threshold(margins.p50_ratio, policy)),
            Gate(GateId.LATENCY_P95, Outcome.INCONCLUSIVE, missing, _threshold(margins.p95_ratio, policy)),
        )
    # A failure counts at any n, but too few requests cannot make a pass.
    fewest = fewest_for_p95(policy)
    smaller = min(latency.a.n, latency.b.n)
    p95 = _gate(GateId.LATENCY_P95, comparison.p95, margins.p95_ratio, policy)
    if smaller < fewest and p95.outcome is not Outcome.FAIL:
        observed = f"{p95.observed}; {smaller} requests on one arm, a p95 needs {fewest}"
        p95 = Gate(p95.name, Outcome.INCONCLUSIVE, observed, p95.threshold)
    return _gate(GateId.LATENCY_P50, comparison.p50, margins.p50_ratio, policy), p95


def requests_needed(contrast: Contrast, n: int, margin: float, true_ratio: float | None = None) -> int | None:
    """Return the requests per arm that would bring the upper limit below the margin.

    The distance from the limit to the true ratio (by default the estimate) shrinks with the square root of n, on the
    log scale. None if that ratio is unknown or not below the margin, or if nothing varies.
    """
    estimate, high = contrast.gate_ratio.estimate, contrast.gate_ratio.high
    if estimate is None or high is None:
        return None
    true_ratio = estimate if true_ratio is None else true_ratio
    if true_ratio >= margin or high <= estimate:
        return None
    # The factor in n is the square of the present distance over the allowed distance.
    return math.ceil(n * (math.log(high / estimate) / math.log(margin / true_ratio)) ** 2)


def tighter_margins(latency: ServedLatency, policy: Policy) -> tuple[TighterMargin, ...]:
    """Return the requests that half of each margin would need if B is as fast as A."""
    if latency.comparison is None:
        return ()
    n = min(latency.a.n, latency.b.n)
    p50, p95 = (1 + (margin - 1) / 2 for margin in (policy.margins.p50_ratio, policy.margins.p95_ratio))
    for_p50 = requests_needed(latency.comparison.p50, n, p50, 1.0)
    for_p95 = requests_needed(latency.comparison.p95, n, p95, 1.0)
    # Below this n the p95 has no upper limit at all, however narrow the interval.
    if for_p95 is not None:
        for_p95 = max(for_p95, fewest_for_p95(policy))
    return TighterMargin("p50", p50, for_p50), TighterMargin("p95", p95, for_p95)


def fewest_for_p95(policy: Policy) -> int:
    """Return the fewest requests per arm for gating a p95.

    The bootstrap cannot exceed the largest value. Below this n that value is too likely to lie below the true p95, so
    it is no upper limit.
    """
    return requests_for_upper_limit(0.95, 1 - 2 * policy.alpha)


def _gate(name: GateId, contrast: Contrast, margin: float, policy: Policy) -> Gate:
    ratio, shift = contrast.gate_ratio, contrast.gate_shift
    slack = policy.margins.latency_slack_ms
    # The ratio of two tiny latencies may be large and harmless, so the slack lets a small shift pass (statistics.md,
    # section 4).
    by_ratio = ratio.high is not None and ratio.high < margin
    by_shift = slack > 0 and shift.high is not None and shift.high < slack
    shown_slow = ratio.low is not None and ratio.low >= margin
    # An unknown lower limit of the shift cannot rule out that the shift is within the slack.
    within_slack = slack > 0 and (shift.low is None or shift.low < slack)
    if by_ratio or by_shift:
        outcome = Outcome.PASS
    elif shown_slow and not within_slack:
        outcome = Outcome.FAIL
    else:
        outcome = Outcome.INCONCLUSIVE
    limit = "not estimable" if ratio.high is None else f"{ratio.high:.2f}"
    point = "unknown" if ratio.estimate is None else f"{ratio.estimate:.2f}"
    observed = f"ratio {point}, upper limit {limit}"
    if slack > 0:
        upper = "not estimable" if shift.high is None else f"{shift.high:+.2f} ms"
        observed += f"; shift upper limit {upper}"
    if outcome is Outcome.PASS and not by_ratio:
        observed += " (passes by the shift)"
    return Gate(name, outcome, observed, _threshold(margin, policy))


def _threshold(margin: float, policy: Policy) -> str:
    slack = policy.margins.latency_slack_ms
    alternative = f", or shift below {slack:g} ms" if slack > 0 else ""
    return f"upper limit below {margin:.2f}{alternative}"
