"""The functions that the documentation names, where it says they are, with frozen results named after scipy's."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, is_dataclass
from types import ModuleType
from typing import Any

import pytest

from minieval import stats
from minieval import stats as latency
from minieval.verdict import decision

TEST, INTERVAL = {"statistic", "pvalue"}, {"estimate", "low", "high"}
B, A = [2.0, 3.0, 4.0, 5.0], [1.0, 2.5, 3.5]


@pytest.mark.parametrize(
    ("call", "attributes"),
    [
        (lambda: stats.accuracy_interval(8, 10), INTERVAL),
        (lambda: stats.two_proportion_ztest(7, 10, 8, 10), TEST),
        (lambda: stats.mcnemar_exact(6, 16), TEST),
        (lambda: stats.mcnemar_midp(6, 16), TEST),
        (lambda: stats.tango_interval(6, 16, 161), INTERVAL),
        (lambda: stats.newcombe_paired_interval(59, 6, 16, 80), INTERVAL),
        (lambda: stats.noninferiority(6, 16, 161, 0.03), TEST | {"estimate", "low"}),
        (lambda: stats.minimum_detectable_effect(200, 0.1), {"estimate"}),
        (lambda: stats.pairs_needed(0.05, 0.1), {"estimate"}),
        (lambda: stats.always_valid_mcnemar(5, 0), TEST),
        (lambda: latency.mann_whitney(B, A), TEST),
        (lambda: latency.hodges_lehmann_ratio(B, A), INTERVAL),
        (lambda: latency.quantile_ratio(B, A, 0.5, resamples=99), INTERVAL),
    ],
)
def test_a_statistic_has_a_frozen_documented_result(call: Callable[[], Any], attributes: set[str]) -> None:
    found = call()

    assert is_dataclass(found)
    assert attributes <= {field.name for field in fields(found)}
    assert type(found).__doc__
    with pytest.raises(FrozenInstanceError):
        setattr(found, min(attributes), 0.0)


@pytest.mark.parametrize("module", [stats, latency])
def test_what_a_module_names_it_has_and_documents(module: ModuleType) -> None:
    for name in module.__all__:
        named = getattr(module, name)
        assert isinstance(named, str) or named.__doc__, name


def test_the_decision_is_where_it_is_said_to_be() -> None:
    assert {"decide", "invalid", "Decision", "Evidence"} <= set(vars(decision))


def test_a_published_example_of_the_rank_sum_test_is_reproduced() -> None:
    # Hollander and Wolfe 1973, permeability of the amnion, as R's wilcox.test has it: W = 35, one-sided p = .1272
    term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    early = [1.15, 0.88, 0.90, 0.74, 1.21]

    found = latency.mann_whitney(term, early)

    assert found.statistic == 35
    assert found.pvalue == pytest.approx(2 * 0.1272, abs=1e-4)
