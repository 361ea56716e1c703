"""The traffic record and its one JSON line (schema 1): pure, both directions.

A record is the evidence: whoever judges the arms reads these lines and nothing else. Appending them to a file, and
reading a file of them, is trafficlog's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import msgspec

SCHEMA = 1
T = TypeVar("T")
Status = Literal["ok", "error", "timeout", "bad_output", "dropped", "cancelled", "interrupted"]
STATUSES: tuple[str, ...] = get_args(Status)

_HEX32 = re.compile(r"[0-9a-f]{32}")
_HEX64 = re.compile(r"[0-9a-f]{64}")
# As the router has it: a name is part of keys, and of what is printed.
_ARM = re.compile(r"[A-Za-z][A-Za-z0-9]{0,31}")
# Fields that only a run off the request path has.
_SHADOW_FIELDS = ("queue_ms", "cpu_ms", "reason")
_ARM_FIELDS = ("status", "response", "edit_applied", "latency_ms", "tokens")
_encoder = msgspec.json.Encoder()


class RecordError(ValueError):
    """A line is not a traffic record of schema 1; the message has the key, the value and what was expected."""


@dataclass(frozen=True)
class ArmResult:
    """What one arm gave for one request. Milliseconds; `reason` says why there is no answer.

    A production arm's latency runs from assignment to answer; a shadow's is its service time, its wait is `queue_ms`.
    """

    status: Status
    response: str | None = None
    edit_applied: bool | None = None
    latency_ms: float | None = None
    tokens: int | None = None
    queue_ms: float | None = None
    cpu_ms: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class TrafficRecord:
    """One request that reached an assignment; `results` by arm: the one that served, and the shadow if it had one."""

    record_id: str
    ts: str
    request_id: str
    trace_id: str
    http_status: int
    strategy: str
    salt: str
    config_sha: str
    production_arm: str
    shadow_arm: str | None
    arm_shas: Mapping[str, str]
    traffic_arm: str
    sentence: str
    results: Mapping[str, ArmResult]


def to_line(record: TrafficRecord) -> bytes:
    r"""Return the record as one line of JSON, its b"\n" included."""
    line: dict[str, object] = {
        "schema": SCHEMA,
        "record_id": record.record_id,
        "ts": record.ts,
        "request_id": record.request_id,
        "trace_id": record.trace_id,
        "http_status": record.http_status,
        "strategy": record.strategy,
        "salt": record.salt,
        "config_sha": record.config_sha,
        "production_arm": record.production_arm,
        "shadow_arm": record.shadow_arm,
        "arm_shas": dict(record.arm_shas),
        "traffic.arm": record.traffic_arm,
        "sentence": record.sentence,
    }
    for arm, result in record.results.items():
        for name in _ARM_FIELDS:
            line[f"{name}_{arm}"] = getattr(result, name)
        if arm == record.shadow_arm:
            for name in _SHADOW_FIELDS:
                line[f"{name}_{arm}"] = getattr(result, name)
        elif result.status != "ok":
            line[f"reason_{arm}"] = result.reason
    return _encoder.encode(line) + b"\n"


def parse_line(line: bytes) -> TrafficRecord:
    """Read one line back; raises RecordError for anything but a record of schema 1."""
    try:
        raw = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise RecordError(f"the line is a JSON {type(raw).__name__}: expected an object")
    if raw.get("schema") != SCHEMA:
        raise RecordError(f"schema is {raw.get('schema')!r}: expected {SCHEMA}")
    production_arm = _matching(raw, "production_arm", _ARM)
    shadow_arm = None if raw.get("shadow_arm") is None else _matching(raw, "shadow_arm", _ARM)
    arms = [production_arm] if shadow_arm is None else [production_arm, shadow_arm]
    record = TrafficRecord(
        record_id=_matching(raw, "record_id", _HEX32),
        ts=_required(raw, "ts", str),
        request_id=_required(raw, "request_id", str),
        trace_id=_matching(raw, "trace_id", _HEX32),
        http_status=_required(raw, "http_status", int),
        strategy=_required(raw, "strategy", str),
        salt=_required(raw, "salt", str),
        config_sha=_matching(raw, "config_sha", _HEX64),
        production_arm=production_arm,
        shadow_arm=shadow_arm,
        arm_shas=_shas(raw),
        traffic_arm=_required(raw, "traffic.arm", str),
        sentence=_required(raw, "sentence", str),
        results={arm: _result(raw, arm) for arm in arms},
    )
    if missing := [arm for arm in arms if arm not in record.arm_shas]:
        raise RecordError(f"arm_shas lacks {missing[0]!r}: expected the SHA of every arm on the line")
    return record


def _result(raw: dict[str, object], arm: str) -> ArmResult:
    status = _required(raw, f"status_{arm}", str)
    if status not in STATUSES:
        raise RecordError(f"status_{arm} is {status!r}: expected {', '.join(STATUSES)}")
    response = _optional(raw, f"response_{arm}", str)
    if (status == "ok") != (response is not None):
        raise RecordError(f"response_{arm} is {response!r} under status {status!r}: expected text exactly when ok")
    result = ArmResult(
        status=status,  # type: ignore[arg-type]  # checked against STATUSES above
        response=response,
        edit_applied=_optional(raw, f"edit_applied_{arm}", bool),
        latency_ms=_duration(raw, f"latency_ms_{arm}"),
        tokens=_optional(raw, f"tokens_{arm}", int),
        queue_ms=_duration(raw, f"queue_ms_{arm}"),
        cpu_ms=_duration(raw, f"cpu_ms_{arm}"),
        reason=_optional(raw, f"reason_{arm}", str),
    )
    if status == "ok" and result.latency_ms is None:
        raise RecordError(f"latency_ms_{arm} is missing under status 'ok': expected milliseconds")
    return result


def _duration(raw: dict[str, object], key: str) -> float | None:
    value = raw.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise RecordError(f"{key} is {value!r}: expected milliseconds, 0 or more")
    return float(value)


def _shas(raw: dict[str, object]) -> dict[str, str]:
    shas = raw.get("arm_shas")
    if not isinstance(shas, dict) or not all(isinstance(sha, str) and _HEX64.fullmatch(sha) for sha in shas.values()):
        raise RecordError(f"arm_shas is {shas!r}: expected an object of arm name to 64 hexadecimal digits")
    return dict(shas)


def _matching(raw: dict[str, object], key: str, pattern: re.Pattern[str]) -> str:
    value = _required(raw, key, str)
    if not pattern.fullmatch(value):
        raise RecordError(f"{key} is {value!r}: expected to match {pattern.pattern}")
    return value


def _required(raw: dict[str, object], key: str, kind: type[T]) -> T:
    value = raw.get(key)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise RecordError(f"{key} is {value!r}: expected {kind.__name__}")
    return value


def _optional(raw: dict[str, object], key: str, kind: type[T]) -> T | None:
    return None if raw.get(key) is None else _required(raw, key, kind)
