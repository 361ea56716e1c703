"""The functions that the documentation names are where it says, with frozen results named after scipy's."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, is_dataclass
from types import ModuleType
from typing import Any

import pytest

from minieval import stats, verdict
from minieval.grading.identity import REPOSITORY

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
        (lambda: stats.mann_whitney(B, A), TEST),
        (lambda: stats.hodges_lehmann_ratio(B, A), INTERVAL),
        (lambda: stats.quantile_ratio(B, A, 0.5, resamples=99), INTERVAL),
    ],
)
def test_a_statistic_has_a_frozen_documented_result(call: Callable[[], Any], attributes: set[str]) -> None:
    found = call()

    assert is_dataclass(found)
    assert attributes <= {field.name for field in fields(found)}
    assert type(found).__doc__
    with pytest.raises(FrozenInstanceError):
        setattr(found, min(attributes), 0.0)


@pytest.mark.parametrize("module", [stats, verdict])
def test_every_public_name_exists_and_is_documented(module: ModuleType) -> None:
    for name in module.__all__:
        named = getattr(module, name)
        assert isinstance(named, str) or named.__doc__, name


def test_decision_and_gates_are_importable_from_the_documented_modules() -> None:
    assert {"decide", "invalid", "Decision", "Evidence", "Gate", "GateId", "gate"} <= set(verdict.__all__)


def test_every_public_function_of_a_statistics_module_is_importable_from_the_package() -> None:
    helpers = {"ranks", "results"}  # which combinations to look at, and checks of arguments: no statistics
    for module in pkgutil.iter_modules(stats.__path__):
        if module.name in helpers:
            continue
        found = vars(importlib.import_module(f"minieval.stats.{module.name}"))
        own = {n for n, f in found.items() if inspect.isfunction(f) and f.__module__.endswith(module.name)}
        assert {name for name in own if not name.startswith("_")} - {"as_latencies"} <= set(stats.__all__), module.name


def test_statsmodels_is_for_tests_only() -> None:
    for folder in ("src", "experiments", "bench", "scripts", "examples"):
        for path in (REPOSITORY / folder).rglob("*.py"):
            assert "statsmodels" not in path.read_text("utf-8"), path


def test_a_published_example_of_the_rank_sum_test_is_reproduced() -> None:
    # Hollander and Wolfe 1973, permeability of the amnion, as R's wilcox.test has it: W = 35, one-sided p = .1272
    term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    early = [1.15, 0.88, 0.90, 0.74, 1.21]

    found = stats.mann_whitney(term, early)

    assert found.statistic == 35
    assert found.pvalue == pytest.approx(2 * 0.1272, abs=1e-4)
