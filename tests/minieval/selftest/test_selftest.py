"""The published reference values, each by name."""

import pytest

from minieval.errors import SelfTestFailed
from minieval.selftest import selftest
from minieval.selftest.selftest import Check, reference_checks, run_selftest


@pytest.mark.parametrize("check", tuple(reference_checks()), ids=lambda check: check.name)
def test_a_published_value_is_reproduced(check: Check) -> None:
    assert check.passed, f"{check.actual} instead of {check.expected}"


def test_the_self_test_counts_what_it_recomputed() -> None:
    result = run_selftest()

    assert result.passed
    assert result.checks == len(list(reference_checks()))


def test_a_wrong_value_stops_the_judge_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # Patched because no installation at hand computes a wrong value.
    monkeypatch.setattr(selftest, "reference_checks", lambda: iter([Check("Wilson 1/2", 0.5, 0.6, 0.01)]))

    with pytest.raises(SelfTestFailed, match="Wilson 1/2"):
        run_selftest()
