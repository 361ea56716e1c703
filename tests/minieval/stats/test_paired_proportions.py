"""Paired tests and intervals: laws, and oracles that share no code with them."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from minieval.errors import UnusableNumbers
from minieval.stats import (
    always_valid_mcnemar,
    mcnemar_exact,
    mcnemar_midp,
    newcombe_paired_interval,
    noninferiority,
    smallest_midp,
    tango_interval,
    tango_statistic,
)

Z95 = 1.959963984540054
CELL = st.integers(0, 60)
TABLE = st.tuples(CELL, CELL, CELL, CELL).filter(lambda table: sum(table) > 0)
Table = tuple[int, int, int, int]


@given(CELL, CELL)
def test_the_exact_test_is_mcnemars(improved: int, regressed: int) -> None:
    expected = mcnemar([[0, improved], [regressed, 0]], exact=True).pvalue if improved + regressed else 1.0

    assert mcnemar_exact(improved, regressed).pvalue == pytest.approx(expected, abs=1e-12)


@given(CELL, CELL)
def test_mid_p_is_the_exact_p_less_the_observed_point(improved: int, regressed: int) -> None:
    found = mcnemar_midp(improved, regressed).pvalue

    m = improved + regressed
    point = math.comb(m, improved) / 2**m
    if m == 0:
        assert found == 1
    elif improved == regressed:
        assert found == pytest.approx(1 - point / 2, abs=1e-12)
    else:
        assert found == pytest.approx(mcnemar_exact(improved, regressed).pvalue - point, abs=1e-12)


@given(CELL, CELL)
def test_swapping_the_arms_changes_no_paired_p_value(improved: int, regressed: int) -> None:
    assert mcnemar_midp(improved, regressed) == mcnemar_midp(regressed, improved)
    assert mcnemar_exact(improved, regressed) == mcnemar_exact(regressed, improved)


@given(st.integers(0, 60))
def test_the_smallest_mid_p_is_that_of_all_discordant_pairs_on_one_side(m: int) -> None:
    attained = [mcnemar_midp(improved, m - improved).pvalue for improved in range(m + 1)]

    assert smallest_midp(m) == pytest.approx(min(attained))


@given(TABLE)
def test_swapping_the_arms_mirrors_the_paired_intervals(table: Table) -> None:
    both, improved, regressed, neither = table

    tango = tango_interval(improved, regressed, sum(table)), tango_interval(regressed, improved, sum(table))
    newcombe = newcombe_paired_interval(*table), newcombe_paired_interval(both, regressed, improved, neither)

    for forth, back in (tango, newcombe):
        assert (back.estimate, back.low, back.high) == pytest.approx(
            (-forth.estimate, -forth.high, -forth.low), abs=1e-9
        )


@given(TABLE)
def test_paired_intervals_hold_their_estimate_and_stay_within_minus_1_and_1(table: Table) -> None:
    for found in (tango_interval(table[1], table[2], sum(table)), newcombe_paired_interval(*table)):
        assert -1 <= found.low <= found.estimate + 1e-12
        assert found.estimate - 1e-12 <= found.high <= 1


@given(TABLE)
def test_tango_excludes_0_exactly_when_mcnemars_score_statistic_exceeds_its_quantile(table: Table) -> None:
    _, improved, regressed, _ = table

    found = tango_interval(improved, regressed, sum(table))

    score = (improved - regressed) ** 2 / (improved + regressed) if improved + regressed else 0.0
    assert (found.low > 0 or found.high < 0) == (score > Z95**2)


@given(TABLE, st.floats(-0.99, 0.99))
def test_tangos_statistic_has_the_constrained_maximum_of_the_likelihood(table: Table, difference: float) -> None:
    _, improved, regressed, _ = table
    n = sum(table)

    found = tango_statistic(improved, regressed, n, difference)

    # The nuisance parameter by brute force: P(regressed) = q, P(improved) = q + d, over a fine grid.
    low, high = max(0.0, -difference), (1 - difference) / 2
    q = np.linspace(low, high, 20_001)[1:-1]
    likelihood = improved * np.log(q + difference) + regressed * np.log(q)
    likelihood += (n - improved - regressed) * np.log(1 - 2 * q - difference)
    best = q[np.argmax(likelihood)]
    expected = (improved - regressed - n * difference) / math.sqrt(n * (2 * best + difference * (1 - difference)))
    assert found == pytest.approx(expected, rel=0.02, abs=0.02)


@given(st.integers(1, 500))
def test_agreement_throughout_still_leaves_an_interval(n: int) -> None:
    found = tango_interval(0, 0, n)

    assert found.high == pytest.approx(Z95**2 / (n + Z95**2), abs=1e-9)
    assert found.low == pytest.approx(-found.high, abs=1e-9)


@given(st.integers(1, 200))
def test_a_difference_of_1_is_its_own_limit(n: int) -> None:
    assert tango_interval(n, 0, n).high == 1
    assert tango_interval(0, n, n).low == -1


@given(TABLE, st.sampled_from((0.01, 0.03, 0.1)), st.sampled_from((0.01, 0.05)))
def test_non_inferiority_is_the_lower_limit_of_the_one_sided_tango_interval(
    table: Table, margin: float, alpha: float
) -> None:
    _, improved, regressed, _ = table

    found = noninferiority(improved, regressed, sum(table), margin, alpha)

    low = tango_interval(improved, regressed, sum(table), 1 - 2 * alpha).low
    if abs(low + margin) > 1e-9:
        assert found.passed == (low > -margin)
    assert found.pvalue == pytest.approx(stats.norm.sf(found.statistic))
    assert found.estimate == pytest.approx((improved - regressed) / sum(table))
    assert (found.low, found.margin) == (low, margin)


@pytest.mark.parametrize(("margin", "alpha", "name"), [(0.0, 0.05, "margin"), (0.03, 0.5, "alpha")])
def test_a_margin_of_zero_is_superiority_and_no_level_reaches_a_half(margin: float, alpha: float, name: str) -> None:
    with pytest.raises(UnusableNumbers, match=name):
        noninferiority(1, 0, 10, margin, alpha)


@given(CELL, CELL)
def test_the_e_value_is_the_mixture_of_binomial_likelihood_ratios(improved: int, regressed: int) -> None:
    found = always_valid_mcnemar(improved, regressed)

    m = improved + regressed
    expected = stats.betabinom.pmf(improved, m, 1, 1) / stats.binom.pmf(improved, m, 0.5)
    assert found.statistic == pytest.approx(expected, rel=1e-9)


@given(st.lists(st.booleans(), max_size=80))
def test_the_always_valid_p_never_rises_while_pairs_come_in(outcomes: list[bool]) -> None:
    p = 1.0
    for i in range(len(outcomes)):
        seen = sum(outcomes[: i + 1])
        now = always_valid_mcnemar(seen, i + 1 - seen, p).pvalue

        assert 0 < now <= p
        p = now


def test_a_very_large_e_value_stops_where_a_float_would_overflow() -> None:
    found = always_valid_mcnemar(3000, 0, 0.5)

    assert found.statistic == pytest.approx(math.exp(700))
    assert found.pvalue == 0
    assert always_valid_mcnemar(1, 1).pvalue == 1
    assert always_valid_mcnemar(5, 0, 0.01).pvalue == 0.01


@given(TABLE, st.sampled_from((0.5, 0.8, 0.99)))
def test_paired_intervals_follow_their_confidence(table: Table, confidence: float) -> None:
    _, improved, regressed, _ = table
    z = float(stats.norm.ppf((1 + confidence) / 2))

    tango = tango_interval(improved, regressed, sum(table), confidence)
    newcombe = newcombe_paired_interval(*table, confidence)

    assert tango.confidence == newcombe.confidence == confidence
    for limit in (tango.low, tango.high):
        if abs(limit) < 1 and limit != tango.estimate:
            assert abs(tango_statistic(improved, regressed, sum(table), limit)) == pytest.approx(z, abs=1e-5)


@example((1, 0, 0, 1))  # a numerator that its correction takes to 0
@example((5, 2, 0, 0))  # a margin of 0, so no correlation
@given(TABLE)
def test_newcombes_paired_interval_is_its_formula(table: Table) -> None:
    both, improved, regressed, neither = table
    n = sum(table)

    found = newcombe_paired_interval(*table, 0.9)

    # Newcombe 1998, method 10, from the Wilson limits that statsmodels has
    margins = (both + improved, both + regressed)
    (low_b, high_b), (low_a, high_a) = (proportion_confint(x, n, alpha=0.1, method="wilson") for x in margins)
    b, a = margins[0] / n, margins[1] / n
    product = margins[0] * (n - margins[0]) * margins[1] * (n - margins[1])
    numerator = both * neither - improved * regressed
    corrected = max(numerator - n / 2, 0) if numerator > 0 else numerator
    phi = corrected / math.sqrt(product) if product else 0.0
    d = (improved - regressed) / n
    low = d - math.sqrt(max(0.0, (b - low_b) ** 2 - 2 * phi * (b - low_b) * (high_a - a) + (high_a - a) ** 2))
    high = d + math.sqrt(max(0.0, (high_b - b) ** 2 - 2 * phi * (high_b - b) * (a - low_a) + (a - low_a) ** 2))
    assert (found.low, found.high) == pytest.approx((max(-1, low), min(1, high)), abs=1e-9)


@pytest.mark.parametrize("difference", [-1.0, 1.0])
def test_at_the_ends_the_score_statistic_is_infinite_or_zero(difference: float) -> None:
    assert tango_statistic(3, 0, 3, 1.0) == tango_statistic(0, 3, 3, -1.0) == 0
    assert tango_statistic(1, 1, 5, difference) == -math.copysign(math.inf, difference)


def test_more_regressions_than_pairs_are_refused() -> None:
    with pytest.raises(UnusableNumbers, match="n_regressed is 6"):
        tango_interval(5, 6, 10)


@pytest.mark.parametrize("n", [10, 100_000])
def test_large_counts_give_finite_numbers(n: int) -> None:
    assert math.isfinite(always_valid_mcnemar(n, 0).statistic)
    assert math.isfinite(tango_interval(n, 0, n).low)


def test_non_inferiority_defaults_to_three_points_and_five_percent() -> None:
    found = noninferiority(12, 4, 200)

    assert found == noninferiority(12, 4, 200, 0.03, 0.05)
    assert found.margin == 0.03
    assert found.low == tango_interval(12, 4, 200, 0.9).low


@pytest.mark.parametrize(("improved", "regressed"), [(9, 2), (2, 9), (3, 3), (0, 4), (0, 0)])
def test_the_statistic_of_mcnemars_conditional_tests_is_the_smaller_count(improved: int, regressed: int) -> None:
    for test in (mcnemar_exact, mcnemar_midp):
        assert test(improved, regressed).statistic == min(improved, regressed)
