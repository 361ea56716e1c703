"""Quantile ratios: Harrell and Davis against scipy, the bootstrap's seed, and failed requests."""

import math
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import mstats

from minieval.stats import bootstrap_quantile, harrell_davis, percentile, quantile_ratio, quantile_shift
from minieval.stats.latency import quantiles

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


def test_the_readings_of_a_bootstrap_are_the_functions_of_their_names() -> None:
    found = bootstrap_quantile(B, A, 0.9, resamples=99, seed=4)

    assert quantile_ratio(B, A, 0.9, resamples=99, seed=4) == found.ratio() == found.ratio(0.95)
    assert quantile_shift(B, A, 0.9, resamples=99, seed=4, confidence=0.8) == found.shift(0.8)
    assert bootstrap_quantile(B, A, 0.9, resamples=99).ratio() == quantile_ratio(B, A, 0.9, resamples=99, seed=0)
    assert found.shift() == found.shift(0.95)


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
def test_the_ratio_does_not_depend_on_the_unit(unit: float) -> None:
    plain, scaled = (
        quantile_ratio(B, A, 0.95, resamples=99),
        quantile_ratio([unit * x for x in B], [unit * x for x in A], 0.95, resamples=99),
    )

    assert (scaled.estimate, scaled.low, scaled.high) == pytest.approx((plain.estimate, plain.low, plain.high))


def stream(seed: int, arm: str, q: str) -> np.random.Generator:
    """Return the documented stream: the manifest's seed, spawned by a checksum of metric and arm."""
    key = zlib.crc32(f"quantile {q} of {arm}".encode())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,)))


@pytest.mark.parametrize("chunk", [2_000_000, 1000, 1])
def test_the_limits_are_those_of_a_plain_bootstrap_with_the_documented_streams(
    monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    # Patched so that resamples are drawn in one piece, in several, and row by row.
    monkeypatch.setattr(quantiles, "_CHUNK", chunk)
    b, a, resamples = B[:24], A[:30], 60
    logs = []
    for values, arm in ((b, "B"), (a, "A")):
        rng = stream(11, arm, "0.9")
        drawn = [np.sort(np.sort(values)[rng.integers(0, len(values), len(values), dtype=np.int32)]) for _ in range(60)]
        logs.append(np.log([float(mstats.hdquantiles(row, [0.9])[0]) for row in drawn]))

    found = quantile_ratio(b, a, 0.9, confidence=0.9, resamples=resamples, seed=11)

    # Percentile limits: the smallest and largest that leave out at most 5 % on either side.
    ratios = np.sort(np.exp(logs[0] - logs[1]))
    assert (found.low, found.high) == pytest.approx((ratios[math.floor(0.05 * 59)], ratios[math.ceil(0.95 * 59)]))
    assert (found.confidence, found.method) == (0.9, "Harrell-Davis")


def test_resampled_ranks_are_those_of_draws_with_replacement() -> None:
    n, k = 20, 15
    values = [float(i) for i in range(1, n + 1)]
    failed = [*values[:-1], math.inf]

    found = bootstrap_quantile(failed, values, 0.75, resamples=20_000, seed=3)

    # The k-th smallest of n draws is at most j if at least k of them are: a binomial chance.
    for j in (11, 13, 15, 17, 19):
        assert np.mean(found.b.resampled <= j) == pytest.approx(stats.binom.sf(k - 1, n, j / n), abs=0.015)
    assert (found.b.estimate, found.a.estimate, found.method) == (15.0, 15.0, "nearest rank")
    assert set(np.unique(bootstrap_quantile([math.inf, 2.0], [1.0, 3.0], 0.5, resamples=99).a.resampled)) == {1.0, 3.0}


@pytest.mark.parametrize(
    ("q", "n", "rank"), [(0.07, 100, 7), (0.001, 3, 1), (0.5, 2, 1), (0.95, 100, 95), (0.25, 5, 2)]
)
def test_the_nearest_rank_is_the_percentiles(q: float, n: int, rank: int) -> None:
    values = [float(i) for i in range(1, n)]

    found = bootstrap_quantile([*values, math.inf], values, q, resamples=1)

    assert found.b.estimate == percentile([*values, math.inf], q).estimate.value == rank


@pytest.mark.parametrize(("b", "a"), [([1.0, math.inf], [1.0, 2.0]), ([1.0, 2.0], [1.0, math.inf])])
def test_one_failed_request_of_either_arm_is_enough_for_the_nearest_rank(b: list[float], a: list[float]) -> None:
    assert bootstrap_quantile(b, a, 0.5, resamples=9).method == "nearest rank"


def test_the_largest_weighted_sample_is_still_weighted(monkeypatch: pytest.MonkeyPatch) -> None:
    # Patched because 20,000 latencies per arm would make the test slow.
    monkeypatch.setattr(quantiles, "MOST_WEIGHTED", 50)

    methods = [bootstrap_quantile(B[:n], A[:50], 0.5, resamples=9).method for n in (50, 51)]

    assert methods == ["Harrell-Davis", "nearest rank"]


def test_resamples_of_which_both_quantiles_failed_widen_either_side() -> None:
    # Half of either arm failed, so about a quarter of the resampled medians say nothing.
    half = [*[2.0] * 5, *[math.inf] * 5]

    found = quantile_ratio(half, half, 0.5, confidence=0.6, resamples=999)

    assert (found.estimate, found.low, found.high) == (1.0, None, None)


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


def test_resamples_of_which_both_quantiles_failed_count_against_both_limits() -> None:
    # The median of ten is the fifth; with four of ten failed, six or more of ten draws fail with a chance of .166.
    some = [*[2.0] * 6, *[math.inf] * 4]
    failed = stats.binom.sf(5, 10, 0.4)
    assert failed * (1 - failed) < 0.15 < failed < 0.25

    found = bootstrap_quantile(some, some, 0.5, resamples=20_000)

    # A limit is known if no more than its tail of the ratios is zero over infinity, or says nothing: .166, not .138.
    wide, narrow = found.ratio(0.7), found.ratio(0.5)
    assert (wide.estimate, wide.low, wide.high) == (1.0, None, None)
    assert (narrow.estimate, narrow.low, narrow.high) == (1.0, 1.0, 1.0)
