"""Percentiles by nearest rank, their order-statistic limits, and what failed requests do to them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from minieval.errors import UnusableNumbers
from minieval.stats import OrderStatistic, distribution, percentile, requests_for_upper_limit

LATENCIES = st.lists(st.floats(0.001, 10_000), min_size=1, max_size=300)


@given(LATENCIES, st.sampled_from((0.05, 0.5, 0.95, 0.99)))
def test_a_percentile_is_the_inverted_distribution_function(values: list[float], q: float) -> None:
    assert percentile(values, q).estimate.value == np.quantile(values, q, method="inverted_cdf")


@given(st.integers(1, 600), st.sampled_from((0.5, 0.95, 0.99)))
def test_the_ranks_cover_the_percentile_with_the_stated_confidence(n: int, q: float) -> None:
    found = percentile([float(i) for i in range(1, n + 1)], q)

    below = stats.binom.cdf((found.low.rank or 0) - 1, n, q)
    above = stats.binom.sf((found.high.rank or n + 1) - 1, n, q)
    assert below <= 0.025 + 1e-9
    assert above <= 0.025 + 1e-9


def test_a_percentile_reports_q_n_confidence_and_censoring() -> None:
    found = percentile([3, 1, 2], 0.5, 0.9)

    assert (found.q, found.confidence, found.n, found.censored) == (0.5, 0.9, 3, 0)
    assert found.estimate == OrderStatistic(2, 2.0)
    # Bin(3, 1/2) is 0 with a chance of .125: neither end is bounded at 90 %
    assert found.low == found.high == OrderStatistic(None, None)


def test_100_requests_bound_a_p99_from_below_only() -> None:
    found = percentile([float(i) for i in range(1, 101)], 0.99)

    assert (found.low.rank, found.low.value) == (97, 97.0)
    assert (found.high.rank, found.high.value) == (None, None)


def test_an_upper_limit_of_p99_takes_368_requests() -> None:
    assert requests_for_upper_limit(0.99) == 368
    assert percentile([1.0] * 367, 0.99).high.rank is None
    assert percentile([1.0] * 368, 0.99).high.rank == 368


def test_failures_rank_last_and_a_percentile_among_them_has_no_value() -> None:
    found = percentile([1.0] * 90 + [math.inf] * 10, 0.95)

    assert found.estimate.rank == 95
    assert found.estimate.value is None
    assert found.low.value == 1.0
    assert found.censored == 10


def test_whole_ranks_are_not_lost_to_binary_fractions() -> None:
    assert percentile([float(i) for i in range(1, 101)], 0.07).estimate.rank == 7


@pytest.mark.parametrize("n", range(1, 13))
def test_a_thinned_distribution_is_evenly_spaced_in_rank(n: int) -> None:
    points = distribution([float(i) for i in range(1, n + 1)], 4)

    few = min(n, 4)
    assert [point.rank for point in points] == [math.ceil(k * n / few) for k in range(1, few + 1)]
    assert [point.value for point in points] == [float(point.rank or 0) for point in points]


def test_a_zero_becomes_the_clocks_resolution() -> None:
    assert percentile([0.0], 0.5).estimate.value == 1e-6


@pytest.mark.parametrize("values", [[], [math.nan], [-1.0], [1.0, -math.inf], [1e13]])
def test_no_latencies_and_impossible_ones_are_refused(values: list[float]) -> None:
    with pytest.raises(UnusableNumbers):
        percentile(values, 0.5)


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=60), st.integers(1, 60))
def test_a_distribution_is_drawn_through_its_own_order_statistics(values: list[float], most: int) -> None:
    points = distribution(values, most)

    ordered = sorted(values)
    assert len(points) == min(most, len(values))
    assert points[-1].rank == len(values)
    assert [point.value for point in points] == [ordered[point.rank - 1] for point in points if point.rank]
