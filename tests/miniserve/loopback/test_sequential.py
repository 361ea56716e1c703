"""The live page's statistics compared with scipy, and the coverage that they promise."""

import math
import random

import pytest
from scipy.special import betaln
from scipy.stats import binomtest

from miniserve.loopback.sequential import always_valid_share, exact_split_pvalue


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (0, 1), (1, 1), (3, 5), (0, 40), (40, 40), (180, 200), (950, 1_000)])
def test_at_the_limits_the_mixture_ratio_is_twenty(hits: int, n: int) -> None:
    interval = always_valid_share(hits, n)

    for limit in (interval.low, interval.high):
        if 0 < limit < 1:
            likelihood = hits * math.log(limit) + (n - hits) * math.log(1 - limit)
            assert betaln(1 + hits, 1 + n - hits) - likelihood == pytest.approx(math.log(20), abs=1e-2)
        else:
            assert (limit, hits) == (0.0, 0) or (limit, hits) == (1.0, n)


def test_swapping_hits_and_misses_mirrors_the_interval() -> None:
    one, other = always_valid_share(30, 100), always_valid_share(70, 100)

    assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-6)


def test_the_interval_is_wider_than_a_fixed_n_interval_and_narrows_with_n() -> None:
    fixed = binomtest(90, 100).proportion_ci(method="wilson")
    few, many = always_valid_share(90, 100), always_valid_share(900, 1_000)

    assert few.low < fixed.low < fixed.high < few.high
    assert few.low < many.low < many.high < few.high


def test_with_repeated_looks_at_most_one_run_in_twenty_misses_the_true_share() -> None:
    rng = random.Random(6)  # noqa: S311 - a simulation
    missed = 0
    for _ in range(120):
        hits = 0
        for n in range(1, 301):
            hits += rng.random() < 0.9
            interval = always_valid_share(hits, n) if n % 5 == 0 else None
            if interval and not interval.low <= 0.9 <= interval.high:
                missed += 1
                break

    # At the promised rate of .05, 16 or more of 120 runs miss with probability 3e-4.
    assert missed < 16


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("n", [1, 2, 7, 200, 1_000, 50_000])
def test_the_split_test_has_the_p_value_of_scipy(share: float, n: int) -> None:
    spread = (n * share * (1 - share)) ** 0.5
    for z in (-6, -3, -1, -0.1, 0, 0.3, 1, 2, 4, 8):
        k = min(n, max(0, round(n * share + z * spread)))

        assert exact_split_pvalue(k, n, share) == pytest.approx(binomtest(k, n, share).pvalue, rel=1e-6, abs=1e-300)


def test_a_published_example_of_the_split_test_is_reproduced() -> None:
    assert exact_split_pvalue(600, 1_000, 0.5) == pytest.approx(2.72846e-10, rel=1e-5)
    assert exact_split_pvalue(124, 200, 0.5) < 0.001 < exact_split_pvalue(123, 200, 0.5)


@pytest.mark.parametrize(("k", "n", "share"), [(3, 2, 0.5), (-1, 2, 0.5), (1, 2, 0.0), (1, 2, 1.0)])
def test_impossible_counts_are_refused(k: int, n: int, share: float) -> None:
    with pytest.raises(ValueError, match="expected 0 <= k <= n"):
        exact_split_pvalue(k, n, share)
