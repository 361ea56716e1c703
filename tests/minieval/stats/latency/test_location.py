"""Shifts and rank tests: scipy, brute force, and the laws of ranks."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from minieval.errors import UnusableNumbers
from minieval.stats import hodges_lehmann_ratio, hodges_lehmann_shift, mann_whitney, wilcoxon
from minieval.stats.latency import ranks

LATENCIES = st.lists(st.integers(1, 4000).map(lambda i: i / 16), min_size=1, max_size=40)
DISTINCT = st.lists(st.integers(1, 4000), min_size=6, max_size=14, unique=True)
RNG = np.random.default_rng(38)
A, B = RNG.lognormal(0, 0.35, 100).tolist(), RNG.lognormal(0.1, 0.35, 90).tolist()


@given(LATENCIES, LATENCIES)
def test_the_us_of_both_arms_add_up_to_the_number_of_pairs(b: list[float], a: list[float]) -> None:
    forth, back = mann_whitney(b, a), mann_whitney(a, b)

    assert forth.statistic + back.statistic == len(a) * len(b)
    assert forth.pvalue == pytest.approx(back.pvalue, abs=1e-12)


@given(LATENCIES, LATENCIES)
def test_the_probability_of_being_slower_counts_ties_as_half(b: list[float], a: list[float]) -> None:
    pairs = [1.0 if x > y else 0.5 if x == y else 0.0 for x in b for y in a]

    assert mann_whitney(b, a).probability_slower == pytest.approx(np.mean(pairs))


def test_equal_latencies_throughout_are_no_evidence() -> None:
    assert mann_whitney([1.0] * 5, [1.0] * 7).pvalue == 1
    assert hodges_lehmann_ratio([1.0] * 5, [1.0] * 7).estimate == 1


def test_failed_requests_tie_with_each_other_above_all_answers() -> None:
    found = mann_whitney([1.0, math.inf], [2.0, math.inf])

    assert found.probability_slower == (0.5 + 1) / 4


@given(LATENCIES, LATENCIES)
def test_the_shift_is_the_median_of_all_differences(b: list[float], a: list[float]) -> None:
    expected = np.median(np.subtract.outer(b, a))

    assert hodges_lehmann_shift(b, a).estimate == pytest.approx(expected)


@given(LATENCIES, LATENCIES)
def test_swapping_the_arms_inverts_the_ratio_and_its_limits(b: list[float], a: list[float]) -> None:
    forth, back = hodges_lehmann_ratio(b, a), hodges_lehmann_ratio(a, b)

    assert forth.estimate is not None
    assert back.estimate == pytest.approx(1 / forth.estimate)
    if forth.low is not None and forth.high is not None:
        assert (back.low, back.high) == pytest.approx((1 / forth.high, 1 / forth.low))


@given(LATENCIES, LATENCIES, st.sampled_from((1e-3, 1e3, 60.0)))
def test_the_ratio_does_not_depend_on_the_unit(b: list[float], a: list[float], unit: float) -> None:
    plain = hodges_lehmann_ratio(b, a)
    scaled = hodges_lehmann_ratio([unit * x for x in b], [unit * x for x in a])

    assert scaled.estimate == pytest.approx(plain.estimate)


@given(DISTINCT)
def test_the_exact_limits_are_those_shifts_that_the_exact_test_does_not_reject(values: list[int]) -> None:
    half = len(values) // 2
    b, a = [float(x) for x in values[:half]], [float(x) for x in values[half:]]

    found = hodges_lehmann_shift(b, a, 0.9)

    # A shift just outside a limit is rejected at 10 %, one just inside is not.
    def pvalue(shift: float) -> float:
        return float(stats.mannwhitneyu([x - shift for x in b], a, method="exact").pvalue)

    if found.low is not None and found.high is not None:
        assert pvalue(found.low - 0.25) <= 0.1 + 1e-9
        assert pvalue(found.high + 0.25) <= 0.1 + 1e-9
        inside = [d for d in np.subtract.outer(b, a).ravel() if found.low < d < found.high]
        assert all(pvalue(d + 0.25) > 0.1 for d in inside if d + 0.25 < found.high)


@pytest.mark.parametrize(("n_a", "n_b"), [(1, 1), (2, 3), (4, 4), (3, 7), (5, 6)])
def test_the_exact_ranks_follow_from_all_orders(n_a: int, n_b: int) -> None:
    us = sorted(
        sum(x > y for x in chosen for y in set(range(n_a + n_b)) - set(chosen))
        for chosen in itertools.combinations(range(n_a + n_b), n_b)
    )

    for tail in (0.01, 0.025, 0.05, 0.2, 0.5, 0.8, 0.99):
        assert ranks.exact_rank(n_a, n_b, tail) == us[math.floor(tail * len(us))]


def test_the_normal_limits_agree_with_the_test_they_invert() -> None:
    found = hodges_lehmann_ratio(B, A)

    assert found.low is not None
    assert found.high is not None
    inside = [mann_whitney([x / ratio for x in B], A).pvalue for ratio in (found.low * 1.01, found.high * 0.99)]
    outside = [mann_whitney([x / ratio for x in B], A).pvalue for ratio in (found.low * 0.99, found.high * 1.01)]
    assert min(inside) > 0.05 > max(outside)


TIED = ([1.0, 1.0, 2.0, 3.0, 3.0], [1.0, 2.0, 2.0, 4.0])
ALL_BUT_TIED = ([1.0] * 5, [1.0, 1.0, 1.0, 1.0, 2.0])
APART = ([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0])


@pytest.mark.parametrize(("a", "b"), [TIED, ALL_BUT_TIED, APART, ([1.0] * 2, [1.0] * 3)])
def test_the_normal_rank_has_the_variance_of_u_over_all_orders(a: list[float], b: list[float]) -> None:
    both = [*a, *b]
    us = []
    for chosen in itertools.combinations(range(len(both)), len(a)):
        rest = set(range(len(both))) - set(chosen)
        us.append(sum((both[i] > both[j]) + 0.5 * (both[i] == both[j]) for i in rest for j in chosen))

    for tail in (0.001, 0.01, 0.05, 0.2, 0.3, 0.4):
        expected = math.floor(len(a) * len(b) / 2 - stats.norm.ppf(1 - tail) * float(np.std(us)) + 1e-12)
        assert ranks.normal_rank(np.array(a), np.array(b), tail) == expected


@pytest.mark.parametrize(("n", "tied", "method"), [(8, False, "exact"), (9, False, "normal"), (8, True, "normal")])
def test_exact_ranks_are_for_eight_or_fewer_without_ties(n: int, tied: bool, method: str) -> None:
    b, a = [float(i) for i in range(n)], [i + 0.5 for i in range(12)]

    found = hodges_lehmann_ratio([*b[:-1], 0.5] if tied else b, a, 0.9)

    assert found.method == f"Hodges-Lehmann, {method} ranks"
    assert found.confidence == 0.9


def test_the_limits_are_the_kth_smallest_and_largest_differences() -> None:
    b, a = B[:30], A[:25]
    k = ranks.normal_rank(np.array(a), np.array(b), 0.05)

    found = hodges_lehmann_shift(b, a, 0.9)

    differences = np.sort(np.subtract.outer(b, a).ravel())
    assert (found.low, found.high) == (differences[k - 1], differences[-k])
    assert found.confidence == 0.9


def test_the_smallest_samples_with_a_limit_have_the_extreme_differences() -> None:
    # P(U = 0) = 1/6 for two against two: a tail of .2 leaves out nothing but that, one of .1 has no limit.
    assert ranks.exact_rank(2, 2, 0.2) == 1
    found, open_ended = (hodges_lehmann_shift([10.0, 14.0], [1.0, 3.0], c) for c in (0.6, 0.8))

    assert (found.low, found.high) == (7.0, 13.0)
    assert (open_ended.low, open_ended.high) == (None, None)


@pytest.mark.parametrize("scale", [1.0, 8.0])
def test_the_rank_test_is_the_normal_one_with_ties_and_continuity(scale: float) -> None:
    b, a = [math.ceil(scale * x) for x in B], [math.ceil(scale * x) for x in A]

    found = mann_whitney(b, a)

    n = len(a) + len(b)
    _, ties = np.unique([*a, *b], return_counts=True)
    sigma = math.sqrt(len(a) * len(b) / 12 * (n + 1 - np.sum(ties**3 - ties) / (n * (n - 1))))
    z = (abs(found.statistic - len(a) * len(b) / 2) - 0.5) / sigma
    assert found.pvalue == pytest.approx(2 * stats.norm.sf(z))
    assert found.statistic == sum((x > y) + 0.5 * (x == y) for x in b for y in a)


def test_two_values_one_apart_are_not_tied() -> None:
    assert mann_whitney([2.0, 2.0], [1.0, 1.0]).probability_slower == 1


@pytest.mark.parametrize("values", [([3.0], [2.0]), ([2.0, 2.0], [2.0, 3.0])])
def test_no_p_value_exceeds_1(values: tuple[list[float], list[float]]) -> None:
    assert mann_whitney(*values).pvalue <= 1
    assert wilcoxon(*values).pvalue <= 1


def test_counting_differences_finds_the_same_order_statistics_as_making_them(monkeypatch: pytest.MonkeyPatch) -> None:
    b, a = np.log(np.array(B)), np.log(np.array(A))
    wanted = (1, 17, 4500, 8999, 9000)
    made = ranks.pairwise_order_statistics(b, a, wanted)
    # Patched because samples beyond the limit would make the test slow.
    monkeypatch.setattr(ranks, "_MOST_MADE", 0)

    assert ranks.pairwise_order_statistics(b, a, wanted) == pytest.approx(made, abs=1e-11)


def test_a_shift_among_failed_requests_is_unknown_not_infinite() -> None:
    found = hodges_lehmann_ratio([math.inf] * 52 + [1.0] * 48, [1.0] * 100)

    assert found.estimate is None
    assert found.high is None
    assert found.low is not None


def test_a_single_pair_has_an_estimate_and_no_limits() -> None:
    found = hodges_lehmann_ratio([2.0], [1.0])

    assert found.estimate == pytest.approx(2)
    assert (found.low, found.high) == (None, None)


def test_paired_latencies_are_compared_by_their_log_ratios() -> None:
    b, a = B[:60], A[:60]

    found = wilcoxon(b, a)

    expected = stats.wilcoxon(np.log(b) - np.log(a))
    assert (found.statistic, found.n) == (expected.statistic, 60)
    assert found.pvalue == pytest.approx(expected.pvalue)
    assert found.estimate == pytest.approx(np.exp(np.median(np.log(b) - np.log(a))))


def test_equal_pairs_are_left_out_of_the_paired_test_and_not_of_its_n() -> None:
    found = wilcoxon([2.0, 3.0, 9.0, 5.0, 6.0], [1.0, 2.0, 9.0, 9.0, 1.0])

    # log ratios .69, .41, -.59, 1.79: the ranks of the negative one are 2, so W = 2 of 16 sign patterns: p = 6/16
    assert (found.statistic, found.n) == (2.0, 5)
    assert found.pvalue == pytest.approx(6 / 16)


def test_pairs_most_of_which_failed_have_no_known_median() -> None:
    assert wilcoxon([math.inf, math.inf, 2.0], [1.0, 1.0, 1.0]).estimate is None
    assert wilcoxon([math.inf, math.inf, math.inf], [math.inf, math.inf, math.inf]).estimate == 1


def test_pairs_that_are_all_equal_are_no_evidence() -> None:
    found = wilcoxon([1.0, 2.0], [1.0, 2.0])

    assert (found.statistic, found.pvalue, found.estimate, found.n) == (0.0, 1.0, 1.0, 2)


def test_pairs_that_do_not_match_are_refused() -> None:
    with pytest.raises(UnusableNumbers, match="one per pair"):
        wilcoxon([1.0], [1.0, 2.0])


@pytest.mark.parametrize("unit", [1.0, 250_000.0])
def test_counting_differences_finds_those_of_tied_and_of_long_latencies(
    monkeypatch: pytest.MonkeyPatch, unit: float
) -> None:
    # Patched because samples beyond the limit would make the test slow.
    monkeypatch.setattr(ranks, "_MOST_MADE", 0)
    b, a = unit * np.array([1.0, 1.0, 2.0, 5.0, 9.0]), unit * np.array([1.0, 2.0, 2.0, 4.0])

    found = ranks.pairwise_order_statistics(b, a, tuple(range(1, 21)))

    expected = sorted(x - y for x in b.tolist() for y in a.tolist())
    assert expected.count(0.0) == 4
    assert found == pytest.approx(expected, abs=1e-11 * unit)
