"""What the judge takes in: answers and the requests they belong to, as plain values.

Whoever reads a log converts its lines to these; nothing here knows of a server or a file format.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

OK: Final = "ok"
FAILED: Final = frozenset({"error", "timeout", "bad_output"})
"""The arm had its chance: its answer counts as wrong, its latency as beyond every other."""
MISSING: Final = frozenset({"dropped", "cancelled", "interrupted"})
"""The arm had no chance: nothing is known about its answer."""
STATUSES: Final = (OK, *sorted(FAILED), *sorted(MISSING))


@dataclass(frozen=True, slots=True)
class Answer:
    """What one arm gave: text and latency exactly when the status is ok, else the reason why not."""

    status: str
    text: str | None = None
    latency_ms: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One request that reached an assignment, with the answer of every arm that ran on it."""

    record_id: str
    request_id: str
    trace_id: str
    strategy: str
    salt: str
    config_sha: str
    production_arm: str
    shadow_arm: str | None
    arm_shas: Mapping[str, str]
    sentence: str
    answers: Mapping[str, Answer]
