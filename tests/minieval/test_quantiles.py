"""Quantile ratios: Harrell and Davis against scipy, the bootstrap's seed, and failed requests."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mstats

from minieval import quantiles
from minieval.latency import harrell_davis, quantile_ratio, quantile_shift

RNG = np.random.default_rng(38)
A, B = RNG.lognormal(0, 0.35, 120).tolist(), RNG.lognormal(0.4, 0.35, 100).tolist()


@given(st.lists(st.floats(0.001, 1000), min_size=2, max_size=60), st.sampled_from((0.25, 0.5, 0.95)))
def test_the_estimate_is_harrell_and_davis(values: list[float], q: float) -> None:
    assert harrell_davis(values, q) == pytest.approx(float(mstats.hdquantiles(values, [q])[0]), rel=1e-9)


def test_the_same_seed_gives_the_same_limits_and_another_seed_others() -> None:
    first, again, other = (quantile_ratio(B, A, 0.95, resamples=199, seed=seed) for seed in (1, 1, 2))

    assert first == again
    assert first.estimate == other.estimate
    assert first.low != other.low


def test_a_wider_confidence_gives_a_wider_interval_around_the_same_estimate() -> None:
    narrow, wide = (quantile_ratio(B, A, 0.95, confidence=c, resamples=999) for c in (0.9, 0.99))

    assert narrow.estimate == wide.estimate
    assert (wide.low or 0) < (narrow.low or 0) < (narrow.high or 0) < (wide.high or 0)


def test_the_shift_and_the_ratio_come_from_the_same_resamples() -> None:
    flat = [2.0] * 50

    ratio, shift = quantile_ratio(B, flat, 0.5, resamples=299), quantile_shift(B, flat, 0.5, resamples=299)

    assert ratio.high is not None
    assert shift.high == pytest.approx(2 * ratio.high - 2)


@settings(max_examples=10)
@given(st.sampled_from((1e-3, 1e3)))
def test_the_ratio_does_not_know_the_unit(unit: float) -> None:
    plain, scaled = (
        quantile_ratio(B, A, 0.95, resamples=99),
        quantile_ratio([unit * x for x in B], [unit * x for x in A], 0.95, resamples=99),
    )

    assert (scaled.estimate, scaled.low, scaled.high) == pytest.approx((plain.estimate, plain.low, plain.high))


def test_the_limits_cover_a_true_ratio_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for run in range(120):
        b, a = rng.lognormal(0, 0.35, 100).tolist(), rng.lognormal(0, 0.35, 100).tolist()
        found = quantile_ratio(b, a, 0.95, confidence=0.9, resamples=199, seed=run)
        covered += (found.low or 0) <= 1 <= (found.high or 0)

    # Of 120 at 90 %, fewer than 96 would happen in fewer than 1 of 1,000 test designs; the seed is fixed.
    assert covered >= 96


def test_with_failed_requests_the_nearest_rank_takes_over_and_its_limit_may_be_unknown() -> None:
    found = quantile_ratio([*B[:95], *[math.inf] * 5], A, 0.95)

    assert found.method == "nearest rank"
    assert found.estimate is not None
    assert found.high is None


def test_two_quantiles_among_failures_say_nothing() -> None:
    failed = [1.0] * 50 + [math.inf] * 50

    found = quantile_ratio(failed, failed, 0.95, resamples=99)

    assert (found.estimate, found.low, found.high) == (None, None, None)


def test_large_samples_resample_ranks_and_agree_with_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = quantile_ratio(B, A, 0.5)
    # Patched because 20,000 latencies per arm would make the test slow.
    monkeypatch.setattr(quantiles, "MOST_WEIGHTED", 10)

    ranked = quantile_ratio(B, A, 0.5)

    assert ranked.method == "nearest rank"
    assert ranked.low == pytest.approx(drawn.low, rel=0.05)
    assert ranked.high == pytest.approx(drawn.high, rel=0.05)
