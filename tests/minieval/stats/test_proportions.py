"""Accuracies and unpaired comparisons, against statsmodels and scipy."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

from minieval.errors import UnusableNumbers
from minieval.stats import (
    SampleRatio,
    accuracy_interval,
    clopper_pearson_upper,
    newcombe_interval,
    sample_ratio,
    two_proportion_ztest,
)

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, st.sampled_from((0.8, 0.9, 0.95, 0.99)))
def test_the_accuracy_interval_is_wilsons(counts: tuple[int, int], confidence: float) -> None:
    found = accuracy_interval(*counts, confidence)

    low, high = proportion_confint(*counts, alpha=1 - confidence, method="wilson")
    assert found.low == pytest.approx(max(0.0, low), abs=1e-12)
    assert found.high == pytest.approx(min(1.0, high), abs=1e-12)


@given(COUNTS)
def test_an_accuracy_lies_within_its_interval_and_that_within_0_and_1(counts: tuple[int, int]) -> None:
    found = accuracy_interval(*counts)

    assert 0 <= found.low <= found.estimate <= found.high <= 1


@example((5, 10), (5, 20))  # as many right of another number
@example((10, 10), (20, 20))
@given(COUNTS, COUNTS)
def test_the_two_proportion_z_is_the_pooled_one_with_b_first(a: tuple[int, int], b: tuple[int, int]) -> None:
    found = two_proportion_ztest(*a, *b)

    if a[0] + b[0] in {0, a[1] + b[1]}:
        assert (found.statistic, found.pvalue) == (0.0, 1.0)
    else:
        z, p = proportions_ztest([b[0], a[0]], [b[1], a[1]])
        assert found.statistic == pytest.approx(z, abs=1e-10)
        assert found.pvalue == pytest.approx(p, abs=1e-12)


@given(COUNTS, COUNTS)
def test_the_unpaired_interval_is_newcombes_and_swapping_the_arms_mirrors_it(
    a: tuple[int, int], b: tuple[int, int]
) -> None:
    found, swapped = newcombe_interval(*a, *b), newcombe_interval(*b, *a)

    low, high = confint_proportions_2indep(b[0], b[1], a[0], a[1], method="newcomb", compare="diff")
    assert found.low == pytest.approx(low, abs=1e-12)
    assert found.high == pytest.approx(high, abs=1e-12)
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low), abs=1e-12)


@given(COUNTS)
def test_the_failure_limit_is_the_exact_binomial_one(counts: tuple[int, int]) -> None:
    for confidence, upper in ((0.95, clopper_pearson_upper(*counts)), (0.8, clopper_pearson_upper(*counts, 0.8))):
        expected = stats.binomtest(*counts, alternative="less").proportion_ci(confidence, "exact").high
        assert upper == pytest.approx(expected, abs=1e-9)


def test_intervals_carry_their_confidence_and_follow_it() -> None:
    accuracy, difference = accuracy_interval(3, 9, 0.8), newcombe_interval(3, 9, 5, 7, 0.8)

    assert accuracy.confidence == difference.confidence == 0.8
    assert accuracy.width < accuracy_interval(3, 9).width
    low, high = confint_proportions_2indep(5, 7, 3, 9, method="newcomb", compare="diff", alpha=0.2)
    assert (difference.low, difference.high) == pytest.approx((low, high))


def test_a_split_of_200_is_broken_from_76_and_from_124() -> None:
    broken = [n for n in range(201) if sample_ratio(n, 200 - n).pvalue < 0.001]

    assert broken == [*range(77), *range(124, 201)]


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_chi_squared_of_a_split_is_scipys(n_a: int, n_b: int) -> None:
    found = sample_ratio(n_a, n_b)

    if n_a + n_b:
        assert found.pvalue_chisquare == pytest.approx(stats.chisquare([n_a, n_b]).pvalue, abs=1e-12)
    assert 0 <= found.pvalue <= 1


def test_no_traffic_is_not_a_broken_split() -> None:
    assert sample_ratio(0, 0) == SampleRatio(0.0, 1.0, 1.0)


@pytest.mark.parametrize(("n_a", "n_b", "share"), [(30, 70, 0.3), (40, 70, 0.3), (5, 95, 0.1), (0, 9, 0.2)])
def test_a_split_may_be_planned_in_any_ratio(n_a: int, n_b: int, share: float) -> None:
    found = sample_ratio(n_a, n_b, share)

    n = n_a + n_b
    chi2 = stats.chisquare([n_a, n_b], [n * share, n * (1 - share)])
    assert (found.statistic, found.pvalue_chisquare) == pytest.approx((chi2.statistic, chi2.pvalue))
    assert found.pvalue == pytest.approx(min(1.0, stats.binomtest(n_a, n, share).pvalue))


@pytest.mark.parametrize(("x", "n"), [(1, 0), (3, 2), (-1, 2), (True, 2)])
def test_impossible_counts_are_refused_with_their_name(x: int, n: int) -> None:
    with pytest.raises(UnusableNumbers, match="expected a whole number"):
        accuracy_interval(x, n)


@pytest.mark.parametrize("confidence", [0.0, 1.0, -0.5, math.nan, math.inf])
def test_a_confidence_outside_0_and_1_is_refused(confidence: float) -> None:
    with pytest.raises(UnusableNumbers, match="confidence"):
        accuracy_interval(1, 2, confidence)


def test_counts_may_be_numpy_integers() -> None:
    x, n = np.array([3, 5])

    assert accuracy_interval(x, n) == accuracy_interval(3, 5)


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99])
def test_none_right_and_all_right_have_exactly_0_and_1_as_limits(confidence: float) -> None:
    for n in range(1, 200):
        assert (accuracy_interval(0, n, confidence).low, accuracy_interval(n, n, confidence).high) == (0.0, 1.0)
