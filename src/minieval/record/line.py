"""A traffic record as one line of JSON: writing it, reading it, and distinguishing a torn line from a broken one.

This module is pure. miniserve.log appends lines to a file, and record/log/ reads whole files for the judge.
"""

import re
import reprlib
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import msgspec

from minieval.record.checks import expected
from minieval.record.consistency import ARM_RULES, HEAD_RULES
from minieval.record.record import (
    HEAD,
    LONGEST_LINE,
    LONGEST_MS,
    LONGEST_REASON,
    MOST_TOKENS,
    PER_ARM,
    SCHEMA,
    ArmResult,
    RecordError,
    TrafficRecord,
    line_key,
)
from minieval.record.statuses import OK, STATUSES

OPENING: Final = b'{"schema":%d,"record_id":"' % SCHEMA
"""The beginning of every line that the server writes, up to the record id. A torn line has at least part of it."""
ID_DIGITS: Final = 32
_LOSS: Final = re.compile(rb'\{"schema":%d,"lost_records":(\d{1,18}),"ts":"[0-9T:.Z-]+"\}' % SCHEMA)
_BEGUN_ID: Final = re.compile(b"[0-9a-f]{1,32}")
_NAMES: Final = tuple(field.name for field in PER_ARM)
# The most that an error message quotes: bytes of a line that is not an object, and bits of an integer.
LONGEST_SHOWN: Final = 40
LONGEST_SHOWN_BITS: Final = 256
_encoder = msgspec.json.Encoder()


def to_line(record: TrafficRecord) -> bytes:
    r"""Return the record as one line of JSON, including its b"\n".

    A result that a line cannot hold is written as `bad_output` (see checked_result), so an arm cannot break the log.
    Raises RecordError if the rest of the record is not valid UTF-8 or too long.
    """
    # The fast path. Almost every record takes it, and it runs on the server for every request.
    try:
        line = _encoded(record, _quickly_checked)
    except UnicodeEncodeError:
        line = b""
    if 0 < len(line) <= LONGEST_LINE:
        return line
    return _line_without_unusable_answers(record)


def loss_line(count: int, ts: str) -> bytes:
    r"""Return the line that reports how many records could not be written, including its b"\n"."""
    return _encoder.encode({"schema": SCHEMA, "lost_records": count, "ts": ts}) + b"\n"


def lost_records(line: bytes) -> int | None:
    """Return how many records a loss line reports as lost; None for any other line."""
    found = _LOSS.fullmatch(line)
    return None if found is None else int(found[1])


def parse_line(line: bytes) -> TrafficRecord:
    """Read one line back; raises RecordError for anything but a record of schema 1."""
    if len(line) > LONGEST_LINE:
        raise RecordError(f"the line has {len(line)} bytes: expected at most {LONGEST_LINE}")
    try:
        raw = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"not JSON: {error}") from error
    if not isinstance(raw, dict):
        shown = line[:LONGEST_SHOWN].rstrip(b"\n").decode(errors="replace")
        raise RecordError(f"the line is {shown}: expected a JSON object")
    # type() rather than isinstance: True is an int and equals 1, but is no schema number.
    schema = raw.get("schema")
    if type(schema) is not int or schema != SCHEMA:
        raise RecordError(f"schema is {_shown(schema)}: expected {SCHEMA}")
    arms = [arm for arm in (raw.get("production_arm"), raw.get("shadow_arm")) if isinstance(arm, str)]
    # A missing key and null mean the same. Keys end in arm names, so group them by arm before msgspec checks them.
    raw.setdefault("shadow_arm", None)
    raw["results"] = {arm: {name: raw.get(line_key(name, arm)) for name in _NAMES} for arm in arms}
    try:
        record = msgspec.convert(raw, TrafficRecord)
    except msgspec.ValidationError as error:
        raise RecordError(_wrong_type(raw, arms) or str(error)) from error
    if broken := _broken_rule(record, raw):
        raise RecordError(broken)
    return record


def begun_id(line: bytes) -> str | None:
    r"""Return the part of the record id that a torn line has ("" if it is too short), None if it is not torn.

    A line is torn if it is the beginning of a record whose id is complete elsewhere in the log, or if it is too short
    to have an id. No client saw an answer for the latter, because the journal would have recovered its record.

    >>> begun_id(b'{"schema":1,"record_id":"01ab'), begun_id(b'{"sch'), begun_id(b"{}")
    ('01ab', '', None)
    """
    if len(line) <= len(OPENING):
        return "" if line and OPENING.startswith(line) else None
    # Slice by slice, so that a torn line of any length is checked in constant time.
    begun = line[len(OPENING) :][:ID_DIGITS]
    return begun.decode() if line.startswith(OPENING) and _BEGUN_ID.fullmatch(begun) else None


def checked_result(result: ArmResult) -> ArmResult:
    """Return the result if a line can hold it, else a `bad_output` whose reason names the value; never raises.

    Use it for anything from outside the server, such as the times and tokens that a worker reports.
    """
    reason = _usable_reason(result.reason)
    if wrong := _wrong_value(result):
        # Keep the durations that are valid: they still show how long the unusable run took.
        kept = {name: getattr(result, name) for name in ("latency_ms", "queue_ms", "cpu_ms")}
        usable = {name: value for name, value in kept.items() if _is_duration(value)}
        return ArmResult("bad_output", reason=wrong, **usable)
    return result if reason == result.reason else msgspec.structs.replace(result, reason=reason)


def _encoded(record: TrafficRecord, check: Callable[[ArmResult], ArmResult]) -> bytes:
    """Return the line, with `check` applied to every result."""
    # A plain dict in the order of the schema, because OPENING relies on `schema` and `record_id` being first.
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
    for arm, given in record.results.items():
        result = check(given)
        status, response, edit_applied, latency_ms, tokens, queue_ms, cpu_ms, reason = _keys(arm)
        line[status] = result.status
        line[response] = result.response
        line[edit_applied] = result.edit_applied
        line[latency_ms] = result.latency_ms
        line[tokens] = result.tokens
        # Only a shadow waits in a queue and has its CPU time measured.
        if arm == record.shadow_arm:
            line[queue_ms] = result.queue_ms
            line[cpu_ms] = result.cpu_ms
            line[reason] = result.reason
        elif result.status != OK:
            line[reason] = result.reason
    return _encoder.encode(line) + b"\n"


@cache
def _keys(arm: str) -> tuple[str, ...]:
    # The cache has one entry per arm that the server has had. Composing the keys took a third of the time of a line.
    return tuple(line_key(name, arm) for name in _NAMES)


def _quickly_checked(result: ArmResult) -> ArmResult:
    """Do what checked_result does in a tenth of the time, for values of the right types."""
    # Starts with ARM_RULES, inlined, because calling them takes as long as encoding the line. NaN fails 0 <= ms.
    if (
        (result.status == OK) == (result.response is not None)
        and ((ms := result.latency_ms) is not None or result.status != OK)
        and (ms is None or 0 <= ms <= LONGEST_MS)
        and ((ms := result.queue_ms) is None or 0 <= ms <= LONGEST_MS)
        and ((ms := result.cpu_ms) is None or 0 <= ms <= LONGEST_MS)
        and ((tokens := result.tokens) is None or 0 <= tokens <= MOST_TOKENS)
    ):
        return result
    return checked_result(result)


def _line_without_unusable_answers(record: TrafficRecord) -> bytes:
    try:
        line = _encoded(record, checked_result)
        # The answers are what can be arbitrarily long, so drop them all rather than guess which one to blame.
        if len(line) > LONGEST_LINE:
            too_long = ArmResult("bad_output", reason=f"its line would have had {len(line)} bytes")
            shortened = msgspec.structs.replace(record, results=dict.fromkeys(record.results, too_long))
            line = _encoded(shortened, _quickly_checked)
    except UnicodeEncodeError as error:
        raise RecordError(f"record {record.record_id} is not valid UTF-8: {error.reason}") from error
    if len(line) > LONGEST_LINE:
        raise RecordError(f"record {record.record_id} has {len(line)} bytes: expected at most {LONGEST_LINE}")
    return line


def _wrong_type(raw: dict[str, Any], arms: list[str]) -> str | None:
    """Return a message about the first value that its type does not allow."""
    # msgspec's own message names a path into `results`, which is not a key of the line.
    typed = [(field.encode_name, field.type) for field in HEAD]
    typed += [(line_key(field.name, arm), field.type) for arm in arms for field in PER_ARM]
    for key, kind in typed:
        try:
            msgspec.convert(raw.get(key), kind)
        except msgspec.ValidationError:
            return f"{key} is {_shown(raw.get(key))}: expected {expected(kind)}"
    return None


def _broken_rule(record: TrafficRecord, raw: dict[str, Any]) -> str | None:
    """Return a message about the first rule between values of the line that is broken."""
    for rule in HEAD_RULES:
        if not rule.holds(record):
            return f"{rule.key} is {_shown(raw[rule.key])}: expected {rule.expected}"
    for arm, result in record.results.items():
        for arm_rule in ARM_RULES:
            if not arm_rule.holds(result):
                key = line_key(arm_rule.key, arm)
                return f"{key} is {_shown(raw.get(key))}: expected {arm_rule.expected.format(arm=arm)}"
    return None


def _wrong_value(result: ArmResult) -> str | None:
    if result.status not in STATUSES:
        return f"status is {_shown(result.status)}: expected {', '.join(STATUSES)}"
    for field in PER_ARM:
        value = getattr(result, field.name)
        try:
            msgspec.convert(value, field.type)
        except (msgspec.ValidationError, OverflowError):
            return f"{field.name} is {_shown(value)}: expected {expected(field.type)}"
    if not _is_utf8(result.response):
        return "response is not valid UTF-8"
    for rule in ARM_RULES:
        if not rule.holds(result):
            return f"{rule.key} is {_shown(getattr(result, rule.key))}: expected {rule.expected.format(arm='X')}"
    return None


def _is_duration(value: object) -> bool:
    # bool is a subclass of int, but JSON and the schema distinguish true from 1.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST_MS


def _is_utf8(text: str | None) -> bool:
    # A Python str may hold lone surrogates, which UTF-8 cannot encode.
    try:
        (text or "").encode()
    except UnicodeEncodeError:
        return False
    return True


def _usable_reason(reason: str | None) -> str | None:
    """Return the reason, cut to its limit, with characters that UTF-8 lacks replaced; None if it is not text."""
    if not isinstance(reason, str):
        return None
    return reason[:LONGEST_REASON].encode(errors="replace").decode()


def _shown(value: object) -> str:
    """Return a value's repr, shortened. An int of over 4,300 digits has no repr (sys.set_int_max_str_digits)."""
    if isinstance(value, int) and value.bit_length() > LONGEST_SHOWN_BITS:
        return f"a whole number of {value.bit_length()} bits"
    return reprlib.repr(value)
