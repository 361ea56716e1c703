"""Rules between the values of one line, in Python and in SQL.

A line can contradict itself even if each of its values is valid. The SQL works on columns of raw JSON, one per key (see
checks.py), and is true exactly where the Python is true; a test compares the two on random lines.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from minieval.record.record import ArmResult, TrafficRecord
from minieval.record.statuses import OK


@dataclass(frozen=True, slots=True)
class HeadRule:
    """A condition on the head of a line; `expected` completes the sentence "KEY is VALUE: expected ..."."""

    key: str
    expected: str
    holds: Callable[[TrafficRecord], bool]
    sql: str


@dataclass(frozen=True, slots=True)
class ArmRule:
    """A condition on one arm's values; `{arm}` in the SQL is replaced by the arm's name."""

    key: str
    expected: str
    holds: Callable[[ArmResult], bool]
    sql: str


HEAD_RULES: Final = (
    HeadRule(
        "ts",
        "a day and time that exist",
        lambda record: _exists(record.ts),
        "try_cast(ts->>'$' AS TIMESTAMP) IS NOT NULL",
    ),
    HeadRule(
        "shadow_arm",
        "null, because only strategy shadow has a shadow",
        lambda record: record.shadow_arm is None or record.strategy == "shadow",
        "(shadow_arm IS NULL OR strategy = '\"shadow\"')",
    ),
    HeadRule(
        "shadow_arm",
        "another arm than production_arm",
        lambda record: record.shadow_arm != record.production_arm,
        "coalesce(shadow_arm <> production_arm, true)",
    ),
    HeadRule(
        "traffic.arm",
        "production_arm, because that arm served",
        lambda record: record.traffic_arm == record.production_arm,
        'coalesce("traffic.arm" = production_arm, false)',
    ),
    HeadRule(
        "arm_shas",
        "the SHA of every arm on the line",
        lambda record: {record.production_arm, record.shadow_arm} - {None} <= record.arm_shas.keys(),
        # A text search suffices. The names are quoted, so none matches part of another, and no SHA equals one: an arm's
        # name has at most 32 characters, a SHA has 64.
        "coalesce(contains(arm_shas::VARCHAR, production_arm::VARCHAR), false)"
        " AND coalesce(contains(arm_shas::VARCHAR, shadow_arm::VARCHAR), true)",
    ),
)

ARM_RULES: Final = (
    ArmRule(
        "response",
        "text exactly when status_{arm} is ok",
        lambda result: (result.status == OK) == (result.response is not None),
        f"(status_{{arm}} = '\"{OK}\"') = (response_{{arm}} IS NOT NULL)",
    ),
    ArmRule(
        "latency_ms",
        "milliseconds, because status_{arm} is ok",
        lambda result: result.status != OK or result.latency_ms is not None,
        f"(status_{{arm}} <> '\"{OK}\"' OR latency_ms_{{arm}} IS NOT NULL)",
    ),
)


def _exists(timestamp: str) -> bool:
    try:
        datetime.fromisoformat(timestamp)
    except ValueError:
        return False
    return True
