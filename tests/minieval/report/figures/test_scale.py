"""Scales: everything inside, zero where differences are shown, few round ticks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minieval.report.figures.scale import MOST_TICKS, points_scale, ratio_scale

SHARES = st.lists(st.floats(-1, 1), max_size=9)
LATENCIES = st.lists(st.floats(1e-6, 1e7), min_size=1, max_size=9)


@given(SHARES)
def test_differences_and_zero_are_on_their_scale_with_room_on_either_side(shares: list[float]) -> None:
    scale = points_scale(shares)

    assert scale.low < 0 < scale.high
    assert all(scale.low - 1e-6 <= 100 * share <= scale.high + 1e-6 for share in shares)
    assert 3 <= len(scale.ticks) <= MOST_TICKS + 1
    assert 0.0 in scale.ticks


@given(LATENCIES)
def test_latencies_are_on_their_scale_under_few_ticks(latencies: list[float]) -> None:
    scale = ratio_scale(latencies)

    assert all(0 < scale.at(latency) < 1 for latency in latencies)
    assert len(scale.ticks) <= MOST_TICKS


@given(LATENCIES, st.floats(0, 1e8), st.floats(0, 1e8))
def test_a_larger_value_is_never_further_left(latencies: list[float], one: float, other: float) -> None:
    scale = ratio_scale(latencies)

    assert 0 <= scale.at(min(one, other)) <= scale.at(max(one, other)) <= 1


def test_equal_ratios_are_equal_distances() -> None:
    scale = ratio_scale([1.0, 64.0])

    assert scale.at(8) - scale.at(4) == pytest.approx(scale.at(32) - scale.at(16))


@pytest.mark.parametrize(
    ("latencies", "ticks"),
    [([1.4, 13.0], (1.5, 2, 3, 5, 7, 10)), ([1.0], (1.0,)), ([0.3, 900.0], (1.0, 10.0, 100.0))],
)
def test_ticks_are_round(latencies: list[float], ticks: tuple[float, ...]) -> None:
    assert ratio_scale(latencies).ticks == ticks
