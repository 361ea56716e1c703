"""The latency gates: outcomes at their thresholds, what they print, and what a tighter margin would take."""

import math

import pytest

from minieval.manifest import Margins
from minieval.measures.latency import ArmLatency, Contrast, LatencyComparison, ServedLatency
from minieval.stats import MannWhitney, OpenInterval, SampleRatio
from minieval.verdict.gates import Gate, GateId, Outcome
from minieval.verdict.latency_gates import (
    TighterMargin,
    fewest_for_p95,
    latency_gates,
    requests_needed,
    tighter_margins,
)
from minieval.verdict.policy import Policy

Limits = tuple[float | None, float | None, float | None]


def policy(slack: float = 0.0, alpha: float = 0.05) -> Policy:
    return Policy("better", alpha, 200, Margins(latency_slack_ms=slack))


def contrast(ratio: Limits, shift: Limits = (None, None, None)) -> Contrast:
    """Return one whose gate intervals are (estimate, low, high); those for reading are somewhere else."""
    elsewhere = OpenInterval(9.0, 9.0, 9.0, 0.95, "elsewhere")
    return Contrast(elsewhere, OpenInterval(*ratio, 0.9, "test"), OpenInterval(*shift, 0.9, "test"))


FAST = contrast((1.0, 0.9, 1.1), (0.0, -0.1, 0.1))


def latency(p50: Contrast = FAST, p95: Contrast = FAST, n_a: int = 100, n_b: int = 100) -> ServedLatency:
    a, b = (ArmLatency(arm, n, 0, 0, 0, (), (), ()) for arm, n in (("A", n_a), ("B", n_b)))
    comparison = LatencyComparison(MannWhitney(1.0, 1.0, 0.5), p50, p95, thinned=False)
    return ServedLatency(a, b, SampleRatio(0.0, 1.0, 1.0), comparison)


def nothing_served() -> ServedLatency:
    arm = ArmLatency("A", 0, 0, 0, 0, (), (), ())
    return ServedLatency(arm, arm, SampleRatio(0.0, 1.0, 1.0), None)


@pytest.mark.parametrize("served", [None, nothing_served()])
def test_what_was_not_measured_is_inconclusive_at_both_margins(served: ServedLatency | None) -> None:
    missing = "not measured: an arm served no request"

    assert latency_gates(served, policy(5.0)) == (
        Gate(GateId.LATENCY_P50, Outcome.INCONCLUSIVE, missing, "upper limit below 1.20, or shift below 5 ms"),
        Gate(GateId.LATENCY_P95, Outcome.INCONCLUSIVE, missing, "upper limit below 1.50, or shift below 5 ms"),
    )


@pytest.mark.parametrize(
    ("ratio", "shift", "slack", "outcome"),
    [
        ((1.0, 0.9, 1.19), (None, None, None), 0.0, Outcome.PASS),
        ((1.0, 0.9, 1.20), (None, None, None), 0.0, Outcome.INCONCLUSIVE),
        ((1.3, 1.20, 1.4), (None, None, None), 0.0, Outcome.FAIL),
        ((1.3, 1.19, 1.4), (None, None, None), 0.0, Outcome.INCONCLUSIVE),
        ((None, None, None), (None, None, None), 0.0, Outcome.INCONCLUSIVE),
        # without slack a shift decides nothing, whatever it is
        ((1.3, 1.25, 1.4), (-1.0, -2.0, -0.5), 0.0, Outcome.FAIL),
        # with slack, a shift surely below it passes, one surely above it fails, and the rest is open
        ((1.3, 1.25, 1.4), (2.0, 1.0, 4.9), 5.0, Outcome.PASS),
        ((1.3, 1.25, 1.4), (2.0, 1.0, 5.0), 5.0, Outcome.INCONCLUSIVE),
        ((1.3, 1.25, 1.4), (6.0, 5.0, 7.0), 5.0, Outcome.FAIL),
        ((1.3, 1.25, 1.4), (6.0, 4.9, None), 5.0, Outcome.INCONCLUSIVE),
        ((1.3, 1.25, 1.4), (None, None, None), 5.0, Outcome.INCONCLUSIVE),
        ((1.0, 0.9, 1.1), (6.0, 5.0, 7.0), 5.0, Outcome.PASS),
    ],
)
def test_a_gate_passes_by_ratio_or_by_slack_and_fails_only_if_both_are_surely_exceeded(
    ratio: Limits, shift: Limits, slack: float, outcome: Outcome
) -> None:
    p50, p95 = latency_gates(latency(contrast(ratio, shift), FAST), policy(slack))

    assert (p50.outcome, p95.outcome) == (outcome, Outcome.PASS)


@pytest.mark.parametrize(
    ("ratio", "shift", "slack", "observed"),
    [
        ((1.0, 0.9, 1.1), (0.0, -0.1, 0.1), 0.0, "ratio 1.00, upper limit 1.10"),
        ((1.0, 0.9, 1.1), (0.0, -0.1, 0.1), 5.0, "ratio 1.00, upper limit 1.10; shift upper limit +0.10 ms"),
        (
            (1.6, 1.55, 1.7),
            (2.0, 1.0, 4.9),
            5.0,
            "ratio 1.60, upper limit 1.70; shift upper limit +4.90 ms (passes by the shift)",
        ),
        (
            (None, 1.0, None),
            (None, 1.0, None),
            5.0,
            "ratio unknown, upper limit not estimable; shift upper limit not estimable",
        ),
    ],
)
def test_a_gate_prints_its_numbers(ratio: Limits, shift: Limits, slack: float, observed: str) -> None:
    p50, p95 = latency_gates(latency(contrast(ratio, shift), contrast(ratio, shift)), policy(slack))

    assert p50.observed == p95.observed == observed
    alternative = ", or shift below 5 ms" if slack else ""
    assert (p50.name, p50.threshold) == ("latency p50", f"upper limit below 1.20{alternative}")
    assert (p95.name, p95.threshold) == ("latency p95", f"upper limit below 1.50{alternative}")


def test_the_p95_margin_is_the_wider_one() -> None:
    between = contrast((1.1, 1.0, 1.4))

    p50, p95 = latency_gates(latency(between, between), policy())

    assert (p50.outcome, p95.outcome) == (Outcome.INCONCLUSIVE, Outcome.PASS)


@pytest.mark.parametrize(("n_a", "n_b"), [(58, 100), (100, 58)])
def test_a_p95_of_fewer_than_59_requests_on_either_arm_neither_passes_nor_hides_a_failure(n_a: int, n_b: int) -> None:
    slow = contrast((2.0, 1.6, 2.5))

    (_, passed), (_, failed) = (latency_gates(latency(FAST, p95, n_a, n_b), policy()) for p95 in (FAST, slow))

    assert passed == Gate(
        GateId.LATENCY_P95,
        Outcome.INCONCLUSIVE,
        "ratio 1.00, upper limit 1.10; 58 requests on one arm, a p95 needs 59",
        "upper limit below 1.50",
    )
    assert failed.outcome is Outcome.FAIL
    assert failed.observed == "ratio 2.00, upper limit 2.50"


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1])
def test_the_fewest_requests_for_a_p95_leave_a_chance_below_alpha_that_none_lies_beyond_it(alpha: float) -> None:
    n = fewest_for_p95(policy(alpha=alpha))

    assert 0.95**n <= alpha < 0.95 ** (n - 1)


def test_the_requests_needed_shrink_the_limit_with_the_square_root_of_n() -> None:
    found = contrast((1.1, 1.0, 1.3))

    assert requests_needed(found, 50, 1.2) == math.ceil(50 * (math.log(1.3 / 1.1) / math.log(1.2 / 1.1)) ** 2)
    assert requests_needed(found, 50, 1.2, 1.0) == math.ceil(50 * (math.log(1.3 / 1.1) / math.log(1.2)) ** 2)


@pytest.mark.parametrize(
    ("ratio", "margin"),
    [
        ((None, None, 1.3), 1.2),
        ((1.1, None, None), 1.2),
        ((1.2, 1.1, 1.3), 1.2),
        ((1.1, 1.1, 1.1), 1.2),
    ],
)
def test_no_number_of_requests_is_given_if_none_would_suffice(ratio: Limits, margin: float) -> None:
    assert requests_needed(contrast(ratio), 50, margin) is None


def test_the_tighter_margins_are_half_of_the_gates_margins() -> None:
    p50, p95 = contrast((1.1, 1.0, 1.3)), contrast((1.2, 0.9, 1.6))
    for_p50 = math.ceil(80 * (math.log(1.3 / 1.1) / math.log(1.1)) ** 2)
    for_p95 = math.ceil(80 * (math.log(1.6 / 1.2) / math.log(1.25)) ** 2)

    assert tighter_margins(latency(p50, p95, 90, 80), policy()) == (
        TighterMargin("p50", 1 + (1.2 - 1) / 2, for_p50),
        TighterMargin("p95", 1.25, for_p95),
    )


def test_a_tighter_p95_never_takes_fewer_requests_than_a_p95_needs_at_all() -> None:
    sharp = contrast((1.0, 0.99, 1.001))

    assert tighter_margins(latency(sharp, sharp), policy())[1].requests_per_arm == 59
    assert tighter_margins(latency(FAST, contrast((None, None, None))), policy())[1].requests_per_arm is None
    assert tighter_margins(nothing_served(), policy()) == ()


def test_a_slack_below_a_millisecond_counts() -> None:
    slow = latency(contrast((1.3, 1.25, 1.4), (0.2, 0.1, 0.4)), contrast((1.6, 1.55, 1.7), (0.6, 0.4, 0.8)))

    assert latency_gates(slow, policy(0.5)) == (
        Gate(
            GateId.LATENCY_P50,
            Outcome.PASS,
            "ratio 1.30, upper limit 1.40; shift upper limit +0.40 ms (passes by the shift)",
            "upper limit below 1.20, or shift below 0.5 ms",
        ),
        Gate(
            GateId.LATENCY_P95,
            Outcome.INCONCLUSIVE,
            "ratio 1.60, upper limit 1.70; shift upper limit +0.80 ms",
            "upper limit below 1.50, or shift below 0.5 ms",
        ),
    )
