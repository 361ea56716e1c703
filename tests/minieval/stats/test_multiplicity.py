"""Corrections for multiple testing, against statsmodels and scipy, and Tarone's selection by enumeration."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from minieval.errors import UnusableNumbers
from minieval.stats import benjamini_hochberg, holm, tarone

PVALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


# statsmodels collects garbage at every call of this method, 70 ms each.
@settings(max_examples=15)
@given(PVALUES)
def test_holm_is_the_step_down_adjustment(pvalues: list[float]) -> None:
    assert holm(pvalues) == pytest.approx(multipletests(pvalues, method="holm")[1], abs=1e-12)


@given(PVALUES)
def test_benjamini_hochberg_is_the_step_up_adjustment(pvalues: list[float]) -> None:
    assert benjamini_hochberg(pvalues) == pytest.approx(multipletests(pvalues, method="fdr_bh")[1], abs=1e-12)


@given(PVALUES)
def test_an_adjusted_p_is_never_smaller_than_the_raw_one(pvalues: list[float]) -> None:
    assert all(adjusted >= raw for adjusted, raw in zip(holm(pvalues), pvalues, strict=True))


@given(PVALUES)
def test_tarone_keeps_a_family_that_can_pass_at_its_own_size(smallest: list[float]) -> None:
    kept = tarone(smallest)

    k = next(k for k in range(1, len(smallest) + 1) if sum(p <= 0.05 / k for p in smallest) <= k)
    assert kept == tuple(p <= 0.05 / k for p in smallest)


@given(PVALUES)
def test_holm_is_the_closed_test_of_bonferroni(pvalues: list[float]) -> None:
    # Without a library: hypothesis i goes at a level as soon as every intersection that holds it goes.
    ordered = sorted(pvalues)
    steps = [min(1.0, (len(ordered) - rank) * p) for rank, p in enumerate(ordered)]

    assert sorted(holm(pvalues)) == pytest.approx([max(steps[: i + 1]) for i in range(len(steps))])


@pytest.mark.parametrize(
    ("smallest", "alpha", "kept"),
    [
        ([0.05], 0.05, (True,)),
        ([0.051], 0.05, (False,)),
        ([0.03, 0.03], 0.05, (False, False)),
        ([0.025, 0.03], 0.05, (True, False)),
        ([0.05, 0.05], 0.1, (True, True)),
    ],
)
def test_tarone_keeps_what_attains_alpha_over_the_size_of_the_family(
    smallest: list[float], alpha: float, kept: tuple[bool, ...]
) -> None:
    assert tarone(smallest, alpha) == kept


def test_four_slices_of_which_one_has_no_discordant_pair_are_a_family_of_three() -> None:
    assert tarone([0.001, 0.002, 1.0, 0.004]) == (True, True, False, True)


def test_without_slices_there_is_no_family() -> None:
    assert holm(()) == benjamini_hochberg(()) == tarone(()) == ()


def test_a_value_that_is_not_a_probability_is_refused() -> None:
    with pytest.raises(UnusableNumbers, match="p-value"):
        holm([0.5, float("nan")])
