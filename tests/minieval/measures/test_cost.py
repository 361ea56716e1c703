"""Cost per quality unit: the formula, its interval, what is not deployment-ready, and its gate."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.minieval.verdict.test_decision import decision, outcome

from minieval.manifest import Round, Throughput
from minieval.measures.cost import DEFAULT_RATE_USD_PER_HOUR, LEAST_ACCURACY, Cost, price
from minieval.stats import Interval, accuracy_interval, mean_rate, quotient
from minieval.verdict.gates import Gate, GateId, Outcome, usd
from minieval.verdict.verdict import Verdict

RATES = st.lists(st.floats(0.01, 1e6), min_size=2, max_size=12)


def cost(right_b: int = 150, rate: float = DEFAULT_RATE_USD_PER_HOUR, seconds: tuple[float, ...] = (2.0, 2.1)) -> Cost:
    """Return what A (100 of 200 right) and B cost, A writing 1,000 tokens a round and B 2,000."""
    rounds = {
        name: tuple(Round(seconds=s, corrections=400, tokens=n) for s in seconds)
        for name, n in (("A", 1000), ("B", 2000))
    }
    accuracies = (accuracy_interval(100, 200), accuracy_interval(right_b, 200))
    return price(Throughput(clients=8, arms=rounds), accuracies, ("A", "B"), rate)


def test_one_dollar_an_hour_at_a_thousand_tokens_a_second_costs_a_3600th_per_thousand() -> None:
    found = cost(rate=1.0, seconds=(1.0, 1.0)).a

    assert found.per_1k_tokens.estimate == pytest.approx(1 / 3600)
    assert found.per_1k_corrections.estimate == pytest.approx(1 / 3600 / 0.4)
    assert found.per_quality_unit is not None
    assert found.per_quality_unit.estimate == pytest.approx(1 / 3600 / 0.5)


def test_the_default_rate_is_five_cents_an_hour() -> None:
    assert cost().rate_usd_per_hour == 0.05


def test_an_arm_that_writes_twice_the_tokens_is_half_as_dear_by_token_and_as_dear_by_correction() -> None:
    found = cost()

    assert found.b.per_1k_tokens.estimate == pytest.approx(found.a.per_1k_tokens.estimate / 2)
    assert found.b.per_1k_corrections == found.a.per_1k_corrections


@pytest.mark.parametrize(("right", "ready"), [(59, False), (60, True), (61, True)])
def test_below_thirty_percent_an_arm_is_not_deployment_ready_and_has_no_cost_per_quality_unit(
    right: int, ready: bool
) -> None:
    found = cost(right_b=right).b

    assert LEAST_ACCURACY == 0.30
    assert found.deployment_ready is ready
    assert (found.per_quality_unit is not None) is ready


def test_an_arm_that_is_never_right_has_a_price_and_no_cost_per_quality_unit() -> None:
    found = cost(right_b=0).b

    assert found.per_quality_unit is None
    assert found.per_1k_tokens.estimate > 0


@given(RATES)
def test_the_interval_of_a_rate_is_scipys_t_interval_of_the_logarithms(rates: list[float]) -> None:
    found = mean_rate(rates, 0.95)

    assert found.estimate == pytest.approx(stats.gmean(rates))
    logs = np.log(rates)
    scale = stats.sem(logs)
    if scale > 1e-9:
        low, high = np.exp(stats.t.interval(0.95, len(rates) - 1, logs.mean(), scale))
        assert (found.low, found.high) == pytest.approx((low, high))


def test_without_spread_between_rounds_the_interval_is_that_of_the_accuracy() -> None:
    exact = Interval(2.0, 2.0, 2.0, 0.95)
    accuracy = accuracy_interval(81, 263)

    found = quotient(exact, accuracy)

    assert (found.low, found.high) == pytest.approx((2.0 / accuracy.high, 2.0 / accuracy.low))


def test_two_lognormal_quantities_give_the_textbook_interval() -> None:
    top = Interval(3.0, 3.0 / math.exp(0.3), 3.0 * math.exp(0.3), 0.95)
    bottom = Interval(2.0, 2.0 / math.exp(0.4), 2.0 * math.exp(0.4), 0.95)

    found = quotient(top, bottom)

    # log a - log b of independent normals: half-widths add in quadrature, .3 and .4 give .5
    assert (found.estimate, found.low, found.high) == pytest.approx((1.5, 1.5 / math.exp(0.5), 1.5 * math.exp(0.5)))


def test_a_promotion_is_final_where_the_cost_was_measured() -> None:
    found = decision(cost=cost())

    assert found.label == "promote"
    assert outcome(found, "cost per quality unit") is Outcome.PASS
    assert not any("lab 03" in step for step in found.next_steps)


def test_a_better_arm_that_is_not_deployment_ready_is_held() -> None:
    found = decision(cost=cost(right_b=50))

    assert found.verdict is Verdict.HOLD
    assert outcome(found, "cost per quality unit") is Outcome.FAIL
    assert "not-deployment-ready (accuracy 25.0 %)" in found.reasons[0]
    assert any("raise B's accuracy" in step for step in found.next_steps)


def test_a_cheap_arm_is_not_promoted_for_its_price() -> None:
    assert decision((150, 4, 24, 22), cost=cost()).verdict is Verdict.RETRAIN


@pytest.mark.parametrize(
    ("amount", "shown"), [(4.634e-06, "0.00000463"), (0.05, "0.0500"), (1.0, "1.00"), (1234.5, "1234.50")]
)
def test_dollars_are_written_with_three_digits_and_no_exponent(amount: float, shown: str) -> None:
    assert usd(amount) == shown


def test_the_gate_of_the_cost_prints_both_arms() -> None:
    ready, short = (decision(cost=cost(right_b=right)).gates[-1] for right in (150, 50))

    # 0.05 USD an hour, A 488 tokens a second and half right, B 976 and three quarters right
    name, asked = GateId.COST, "B deployment-ready: accuracy at least 30.0 %"
    prefix = "USD per 1,000 tokens and unit of accuracy: B"
    assert ready == Gate(name, Outcome.PASS, f"{prefix} 0.0000190, A 0.0000569", asked)
    assert short == Gate(name, Outcome.FAIL, f"{prefix} not-deployment-ready (accuracy 25.0 %), A 0.0000569", asked)


def test_dollars_use_as_many_decimals_as_their_neighbour() -> None:
    assert usd(0.5, 0.001234) == "0.50000"
    assert usd(1000.0) == "1000.00"
    assert usd(0.012345, 5.0) == "0.01"
