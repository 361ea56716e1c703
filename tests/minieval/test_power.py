"""Detectable effects: the simulated values, brute-force enumeration, and that the two functions are inverse."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minieval.errors import UnusableNumbers
from minieval.stats import mcnemar_midp, midp_power, minimum_detectable_effect, pairs_needed


@pytest.mark.parametrize(("discordance", "points"), [(0.05, 4.1), (0.10, 6.1), (0.20, 8.7)])
def test_200_pairs_show_what_the_simulation_says(discordance: float, points: float) -> None:
    found = minimum_detectable_effect(200, discordance).estimate

    assert found is not None
    # The simulation is rounded to a tenth of a point and has noise of about as much.
    assert 100 * found == pytest.approx(points, abs=0.1)


@settings(max_examples=25)
@given(st.integers(1, 25), st.floats(0.05, 0.95), st.floats(0.0, 1.0))
def test_the_power_is_the_sum_over_all_tables_that_reject(n: int, discordance: float, fraction: float) -> None:
    effect = fraction * discordance
    better, worse = (discordance + effect) / 2, (discordance - effect) / 2

    found = midp_power(n, effect, discordance)

    expected = sum(
        math.comb(n, i) * math.comb(n - i, r) * better**i * worse**r * (1 - discordance) ** (n - i - r)
        for i in range(n + 1)
        for r in range(n - i + 1)
        if mcnemar_midp(i, r).pvalue < 0.05
    )
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("discordance", [0.04, 0.1, 0.3])
def test_the_pairs_needed_for_a_detectable_effect_are_the_pairs_there_were(discordance: float) -> None:
    effect = minimum_detectable_effect(400, discordance).estimate

    assert effect is not None
    assert pairs_needed(effect, discordance).estimate == pytest.approx(400, abs=2)


def test_no_discordance_detects_nothing() -> None:
    assert minimum_detectable_effect(200, 0.0).estimate is None


def test_no_effect_needs_no_number_of_pairs() -> None:
    assert pairs_needed(0.0, 0.1).estimate is None


def test_an_effect_beyond_the_discordance_is_refused() -> None:
    with pytest.raises(UnusableNumbers, match="effect"):
        pairs_needed(0.2, 0.1)
