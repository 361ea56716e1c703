"""The decision bench: simulated labs, exact rates, and reproducible draws."""

import math
from dataclasses import replace

import pytest
from bench.exact_rates import one_proportion
from bench.rates import over_counts, over_discordant, over_two
from bench.simulated_lab import Shape, Truth, items, judge
from scipy import stats

from minieval.manifest import Aim, Margins
from minieval.verdict.verdict import Verdict

SMALL = Shape(pairs=100, per_arm=100, resamples=99)


@pytest.mark.parametrize(
    ("truth", "aim", "verdict"),
    [
        (Truth("better", (0.5, 0.5, 0.0, 0.0)), "better", Verdict.PROMOTE),
        (Truth("better, slow", (0.5, 0.5, 0.0, 0.0), factor=3.0), "better", Verdict.HOLD),
        (
            Truth("better, sometimes slow", (0.5, 0.5, 0.0, 0.0), slow_share=0.3, slow_factor=20.0),
            "better",
            Verdict.HOLD,
        ),
        (Truth("worse", (0.5, 0.0, 0.5, 0.0)), "better", Verdict.RETRAIN),
        (Truth("same", (1.0, 0.0, 0.0, 0.0)), "better", Verdict.HOLD),
        (Truth("same", (1.0, 0.0, 0.0, 0.0)), "non_inferior", Verdict.PROMOTE),
    ],
)
@pytest.mark.parametrize("sliced", [False, True])
def test_a_lab_with_an_obvious_truth_gets_the_right_verdict(
    truth: Truth, aim: Aim, verdict: Verdict, sliced: bool
) -> None:
    shape = replace(SMALL, sliced=sliced)

    assert judge(truth, shape, aim, 5, Margins()) is verdict


def test_the_same_seed_draws_the_same_lab() -> None:
    truth = Truth("open", (0.7, 0.15, 0.1, 0.05))

    verdicts = [[judge(truth, SMALL, "better", seed, Margins()) for seed in range(12)] for _ in range(2)]

    assert verdicts[0] == verdicts[1]
    assert len(set(verdicts[0])) > 1


def test_a_simulated_lab_distributes_its_items_like_the_real_one() -> None:
    asked = items(200, sliced=True)

    per = {name: [item.slices[name] for item in asked] for name in ("tense", "person", "verb")}
    assert {name: (len(set(values)), max(map(values.count, values))) for name, values in per.items()} == {
        "tense": (5, 40),
        "person": (3, 67),
        "verb": (20, 10),
    }


def test_enumerated_probabilities_match_the_distributions() -> None:
    cells = (0.5, 0.2, 0.1, 0.2)

    assert over_counts(12, 0.3, lambda x: x <= 4) == pytest.approx(stats.binom.cdf(4, 12, 0.3), abs=1e-7)
    both = stats.binom.cdf(4, 12, 0.3) * stats.binom.sf(6, 12, 0.6)
    assert over_two(12, 0.3, 0.6, lambda a, b: a <= 4 and b > 6) == pytest.approx(both, abs=1e-7)
    trinomial = sum(
        math.comb(12, i) * math.comb(12 - i, r) * 0.2**i * 0.1**r * 0.7 ** (12 - i - r)
        for i in range(13)
        for r in range(13 - i)
        if i > r + 1
    )
    assert over_discordant(12, cells, lambda i, r: i > r + 1) == pytest.approx(trinomial, abs=1e-7)


def test_the_coverage_of_wilsons_interval_matches_scipy() -> None:
    found = next(rate for rate in one_proportion(20) if rate.truth == "accuracy 0.9")

    held = [stats.binomtest(x, 20).proportion_ci(0.95, "wilson") for x in range(21)]
    expected = sum(stats.binom.pmf(x, 20, 0.9) for x in range(21) if held[x].low <= 0.9 <= held[x].high)
    assert found.rate == pytest.approx(expected, abs=1e-7)
    assert found.standard_error == 0
