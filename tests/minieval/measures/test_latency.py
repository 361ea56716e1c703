"""Served latency: what censors a percentile, what is compared, and that the seed moves the bootstrap only."""

import math

import numpy as np
import pytest

from minieval.measures.latency import (
    MOST_DRAWN,
    PERCENTILES,
    ArmLatency,
    Contrast,
    LatencyComparison,
    LatencySample,
    ServedLatency,
    compare_served,
    compare_shadow,
)
from minieval.stats import (
    bootstrap_quantile,
    distribution,
    hodges_lehmann_ratio,
    hodges_lehmann_shift,
    mann_whitney,
    percentile,
    sample_ratio,
    wilcoxon,
)

SPREAD = [1 + (i * 37 % 101) / 50 for i in range(200)]


def arm(name: str, *latencies: float) -> LatencySample:
    array = np.array(latencies, dtype=np.float64)
    return LatencySample(name, array.size, 0, 0, array, array)


def compared(a: LatencySample, b: LatencySample, seed: int = 1) -> ServedLatency:
    return compare_served(a, b, alpha=0.05, seed=seed)


def test_every_number_of_the_comparison_is_the_statistic_of_its_name() -> None:
    to_a, to_b = np.array(SPREAD[2:180:2]), np.array([*SPREAD[1:180:2], *[math.inf] * 3])
    a, b = LatencySample("A", 90, 1, 0, to_a, to_a), LatencySample("B", 93, 0, 0, to_b, to_b)

    found = compare_served(a, b, alpha=0.1, seed=7, resamples=99)

    finite = [x for x in to_b if math.isfinite(x)]
    quantile = bootstrap_quantile(to_b, to_a, 0.95, resamples=99, seed=7)
    assert found.comparison == LatencyComparison(
        mann_whitney(to_b, to_a),
        Contrast(
            ratio=hodges_lehmann_ratio(to_b, to_a, 0.9),
            gate_ratio=hodges_lehmann_ratio(to_b, to_a, 0.8),
            gate_shift=hodges_lehmann_shift(to_b, to_a, 0.8),
        ),
        Contrast(ratio=quantile.ratio(0.9), gate_ratio=quantile.ratio(0.8), gate_shift=quantile.shift(0.8)),
        thinned=False,
    )
    assert found.split == sample_ratio(90, 93)
    other = compare_served(a, b, alpha=0.1, seed=7, resamples=9).comparison
    assert other is not None
    assert other.p95.ratio != quantile.ratio(0.9)
    assert found.b == ArmLatency(
        arm="B",
        n=93,
        censored=3,
        warmup=0,
        excluded=0,
        percentiles=tuple(percentile(to_b, q, 0.9) for q in PERCENTILES),
        survivors=tuple(percentile(finite, q, 0.9) for q in PERCENTILES),
        distribution=distribution(finite, MOST_DRAWN),
    )
    assert (found.a.arm, found.a.n, found.a.warmup, found.a.survivors) == ("A", 89, 1, ())


def test_an_arm_whose_every_request_failed_has_percentiles_without_values_and_no_distribution() -> None:
    found = compared(arm("A", *[math.inf] * 5), arm("B", *[math.inf] * 5)).a

    assert found.distribution == ()
    assert {p.estimate.value for p in found.percentiles} == {None}


def test_the_shadows_latency_is_compared_by_pairs() -> None:
    a, b = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 3.0, 2.5, 9.0])

    assert compare_shadow(b, a) == wilcoxon(b, a)
    assert compare_shadow(b[:0], a[:0]) is None


def test_the_largest_compared_sample_is_not_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    # Patched because 20,000 requests per arm would make the test slow.
    monkeypatch.setattr("minieval.measures.latency.MOST_COMPARED", 50)
    a, b = np.array(SPREAD[:102:2]), np.array(SPREAD[1:102:2])

    kept = compared(arm("A", *a[:50]), arm("B", *b[:50])).comparison
    thinned = compared(LatencySample("A", 51, 0, 0, a, a[:50]), LatencySample("B", 51, 0, 0, b, b[:50])).comparison

    assert kept is not None
    assert thinned is not None
    assert (kept.thinned, thinned.thinned) == (False, True)
    assert kept.p50.ratio == thinned.p50.ratio == hodges_lehmann_ratio(b[:50], a[:50])
    assert thinned.mann_whitney == mann_whitney(b, a)


def test_an_arm_that_served_nothing_is_not_compared() -> None:
    found = compared(arm("A", 1.0), arm("B"))

    assert found.comparison is None
    assert found.b.percentiles == ()


def test_survivors_are_shown_only_where_some_failed() -> None:
    found = compared(arm("A", *[1.0] * 5), arm("B", 1.0, math.inf))

    assert found.a.survivors == ()
    assert len(found.b.survivors) == 3
    assert found.b.censored == 1


def test_the_seed_moves_the_p95_limits_and_nothing_else() -> None:
    arms = arm("A", *SPREAD[:200:2]), arm("B", *SPREAD[1:200:2])

    first, second = (compared(*arms, seed=seed).comparison for seed in (1, 2))

    assert first is not None
    assert second is not None
    assert (first.mann_whitney, first.p50) == (second.mann_whitney, second.p50)
    assert first.p95.ratio.estimate == second.p95.ratio.estimate
    assert first.p95.ratio != second.p95.ratio


def test_the_same_seed_gives_the_same_numbers() -> None:
    rng = np.random.default_rng(3)
    a, b = arm("A", *rng.lognormal(0, 0.35, 90)), arm("B", *rng.lognormal(0.1, 0.35, 80))

    first, again = (compared(a, b, seed=5).comparison for _ in range(2))

    assert first == again
