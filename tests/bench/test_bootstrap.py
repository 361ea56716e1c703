"""Intervals over rounds have the width that theory predicts, and ignore what all rounds have in common."""

import numpy as np
import pytest
from bench.bootstrap import mean_interval, quantile, quantile_ratio
from scipy import stats


def test_the_ratio_of_a_condition_to_itself_is_exactly_one() -> None:
    rounds = [np.random.default_rng(number).lognormal(size=200) for number in range(6)]

    found = quantile_ratio(rounds, rounds, 0.99, seed=1)

    assert (found.estimate, found.low, found.high) == (1.0, 1.0, 1.0)


def test_a_factor_common_to_all_rounds_has_no_uncertainty() -> None:
    # rounds differ by far more than conditions, as on a machine with varying load
    below = [np.random.default_rng(number).lognormal(size=200) * mood for number, mood in enumerate((1, 5, 25, 2))]
    above = [1.5 * latencies for latencies in below]

    found = quantile_ratio(above, below, 0.5, seed=1)

    assert [found.estimate, found.low, found.high] == pytest.approx([1.5] * 3)


def test_a_quantile_is_an_observed_latency_or_infinite_if_answers_are_missing() -> None:
    latencies = np.array([3.0, 1.0, np.inf, 2.0])

    assert [quantile(latencies, q) for q in (0.25, 0.5, 0.75, 0.99)] == [1.0, 2.0, 3.0, np.inf]


@pytest.mark.parametrize("rounds", [5, 8, 20])
def test_the_interval_of_a_mean_is_as_wide_as_a_t_interval(rounds: int) -> None:
    # Averaged over samples, because a single bootstrap of five values is coarse.
    widths, expected = [], []
    for number in range(20):
        values = np.random.default_rng(number).normal(size=rounds)
        found = mean_interval(values, seed=number)
        low, high = stats.t.interval(0.95, rounds - 1, loc=values.mean(), scale=stats.sem(values))
        widths.append(found.high - found.low)
        expected.append(high - low)

    assert np.mean(widths) == pytest.approx(np.mean(expected), rel=0.15)


def test_one_round_has_no_interval() -> None:
    with pytest.raises(ValueError, match="rounds is 1: expected at least 2"):
        mean_interval(np.array([1.0]), seed=1)
