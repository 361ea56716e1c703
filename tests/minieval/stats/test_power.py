"""Detectable effects: the simulated values, brute-force enumeration, and that the two functions are inverse."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minieval.errors import UnusableNumbers
from minieval.stats import (
    DetectableEffect,
    PairsNeeded,
    mcnemar_midp,
    midp_power,
    minimum_detectable_effect,
    pairs_needed,
)


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


@pytest.mark.parametrize("alpha", [0.01, 0.2])
@pytest.mark.parametrize(
    ("n", "effect", "discordance"), [(12, 0.3, 0.5), (20, 0.4, 0.4), (7, 0.0, 1.0), (9, -0.2, 0.6)]
)
def test_the_power_follows_alpha_and_the_size_of_the_effect(
    n: int, effect: float, discordance: float, alpha: float
) -> None:
    better, worse = (discordance + effect) / 2, (discordance - effect) / 2

    expected = sum(
        math.comb(n, i) * math.comb(n - i, r) * better**i * worse**r * (1 - discordance) ** (n - i - r)
        for i in range(n + 1)
        for r in range(n - i + 1)
        if mcnemar_midp(i, r).pvalue < alpha
    )
    assert midp_power(n, effect, discordance, alpha) == pytest.approx(expected, abs=1e-9)


def test_no_discordance_detects_nothing() -> None:
    assert midp_power(200, 0.0, 0.0) == 0
    assert minimum_detectable_effect(200, 0.0) == DetectableEffect(None, 200, 0.0, 0.8, 0.05)


def test_an_effect_of_zero_has_no_number_of_pairs() -> None:
    assert pairs_needed(0.0, 0.1) == PairsNeeded(None, 0.0, 0.1, 0.8, 0.05)


def test_the_results_repeat_their_arguments() -> None:
    effect, pairs = minimum_detectable_effect(300, 0.2, 0.9, 0.1), pairs_needed(0.05, 0.2, 0.9, 0.1)

    assert (effect.n, effect.discordance, effect.power, effect.alpha) == (300, 0.2, 0.9, 0.1)
    assert (pairs.effect, pairs.discordance, pairs.power, pairs.alpha) == (0.05, 0.2, 0.9, 0.1)


def test_the_detectable_effect_is_the_smallest_with_the_power() -> None:
    found = minimum_detectable_effect(150, 0.2, 0.9, 0.1).estimate

    assert found is not None
    assert midp_power(150, found, 0.2, 0.1) >= 0.9 > midp_power(150, found - 1e-6, 0.2, 0.1)


@pytest.mark.parametrize(("effect", "discordance"), [(1.0, 1.0), (0.5, 0.6), (0.1, 0.1), (0.05, 0.2), (-0.05, 0.2)])
def test_the_pairs_needed_are_a_first_number_with_the_power(effect: float, discordance: float) -> None:
    n = pairs_needed(effect, discordance).estimate

    assert n is not None
    assert midp_power(n, effect, discordance) >= 0.8
    assert n == 1 or midp_power(n - 1, effect, discordance) < 0.8


def test_an_effect_that_ten_million_pairs_do_not_show_has_no_number() -> None:
    assert pairs_needed(1e-6, 0.5, 0.7, 0.1) == PairsNeeded(None, 1e-6, 0.5, 0.7, 0.1)


def test_an_effect_beyond_the_discordance_is_refused() -> None:
    with pytest.raises(UnusableNumbers, match="effect"):
        pairs_needed(0.2, 0.1)


def test_a_power_that_is_just_attained_is_enough() -> None:
    effect = minimum_detectable_effect(60, 0.2, midp_power(60, 0.2, 0.2)).estimate

    assert effect == pytest.approx(0.2, abs=1e-6)
    assert pairs_needed(0.1, 0.2, midp_power(120, 0.1, 0.2)).estimate == 120


def test_one_pair_is_enough_if_alpha_exceeds_one_half() -> None:
    # mid-p of one discordant pair is one half
    assert pairs_needed(1.0, 1.0, alpha=0.51).estimate == 1
    assert pairs_needed(1.0, 1.0, alpha=0.5).estimate == 2
