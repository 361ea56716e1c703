"""Whatever numbers and text an arm reports, its outcome can be counted, written and judged."""

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.miniserve.log.test_records import OK, RECORD

from minieval.record.line import parse_line, to_line
from minieval.record.record import LONGEST_MS, MOST_TOKENS, ArmResult
from minieval.record.statuses import Status
from miniobserve.metrics.metrics import Metrics
from miniserve.arms.arm import Answer
from miniserve.errors import ArmRaised
from miniserve.shadow.outcome import answered, failed

CLAIMED = st.floats() | st.sampled_from([1e308, math.inf, math.nan, -1.0, 0.0])
TOKENS = st.integers() | st.sampled_from([10**400, -1])


def _written(outcome: ArmResult) -> ArmResult:
    """Count an outcome's numbers as the server does, write its line, and return what is read of it."""
    metrics = Metrics()
    if outcome.status == "ok":
        metrics.tokens.labels("generated", "shadow_B").inc(outcome.tokens or 0)
        metrics.arm_seconds.labels("shadow_B").observe((outcome.latency_ms or 0) / 1e3)
    metrics.exposition()
    return parse_line(to_line(replace(RECORD, results={"A": OK, "B": outcome}))).results["B"]


@given(tokens=TOKENS, service_ms=CLAIMED, cpu_ms=CLAIMED)
def test_an_answer_with_impossible_numbers_is_bad_output(tokens: int, service_ms: float, cpu_ms: float) -> None:
    outcome = answered(Answer("He went home.", True, tokens, service_ms, cpu_ms), 1.0, 0.5)
    possible = 0 <= tokens <= MOST_TOKENS and 0 <= service_ms <= LONGEST_MS and 0 <= cpu_ms <= LONGEST_MS

    assert outcome.status == ("ok" if possible else "bad_output")
    assert _written(outcome) == outcome


@given(service_ms=CLAIMED, cpu_ms=CLAIMED, reason=st.text() | st.just("\ud800"))
def test_a_failure_with_impossible_numbers_or_text_can_be_written(
    service_ms: float, cpu_ms: float, reason: str
) -> None:
    outcome = failed(ArmRaised("died", reason=reason, service_ms=service_ms, cpu_ms=cpu_ms), 0.5)

    assert outcome.status in {"error", "bad_output"}
    assert _written(outcome) == outcome


@pytest.mark.parametrize("status", get_args(Status))
def test_an_outcome_without_numbers_is_written_unchanged(status: Status) -> None:
    answer = {"response": "x", "latency_ms": 1.0} if status == "ok" else {"reason": "why"}

    outcome = ArmResult(status, **answer)

    assert _written(outcome) == outcome
