"""The traffic record, schema 1: the only definition of its keys, their types and their limits.

The server writes these records and the judge reads them. The format of a line (line.py), the judge's SQL (checks.py)
and docs/record.schema.json (schema.py) are derived from the two structs below. A `description` documents a key;
`expected` is the phrase that error messages use for valid values.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import Meta

from minieval.record.statuses import Status

SCHEMA: Final = 1
Strategy = Literal["single", "shadow", "ab", "canary"]
STRATEGIES: Final[tuple[str, ...]] = get_args(Strategy)

# A name becomes part of keys ("latency_ms_B"), so it must not contain an underscore. miniserve.traffic has the same
# rule.
ARM_NAME: Final = "[A-Za-z][A-Za-z0-9]{0,31}"
HEX32: Final = "[0-9a-f]{32}"
HEX64: Final = "[0-9a-f]{64}"
# A pattern cannot check whether the day exists; consistency.py does.
TIMESTAMP: Final = r"[12][0-9]{3}-[01][0-9]-[0-3][0-9]T([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\.[0-9]{1,6})?(Z|\+00:00)"

LONGEST_MS: Final = 1e12
"""Thirty years. A longer time is not a measurement, and sums of such times could overflow a float."""
MOST_TOKENS: Final = 10**9
"""More than any model can generate before its deadline, and far below 2^53, where float counters lose precision."""
LONGEST_LINE: Final = 1_000_000
"""Bytes of a line, including its newline."""
LONGEST_REASON: Final = 4_000
"""Characters of a reason; the server cuts longer ones."""

EXPECTED: Final = "expected"
"""The key in a type's metadata for the phrase that error messages use for valid values."""
END: Final = r"\Z"
"""Ends every pattern. Python's `$` would also match before a trailing newline."""


def _limited(expected: str, **limits: Any) -> Meta:  # noqa: ANN401 - as Meta declares them
    return Meta(**limits, extra={EXPECTED: expected})


def _matching(pattern: str, expected: str) -> Meta:
    return _limited(expected, pattern=f"^{pattern}{END}")


ArmName = Annotated[str, _matching(ARM_NAME, "a letter, then up to 31 letters or digits")]
Id = Annotated[str, _matching(HEX32, "32 hexadecimal digits")]
Sha = Annotated[str, _matching(HEX64, "64 hexadecimal digits")]
Timestamp = Annotated[str, _matching(TIMESTAMP, "an ISO 8601 time in UTC, such as 2026-05-04T10:11:12.345678Z")]
HttpStatus = Annotated[int, _limited("a whole number from 100 to 599", ge=100, le=599)]
Shas = Annotated[Mapping[ArmName, Sha], _limited("an object of arm name to 64 hexadecimal digits")]
Milliseconds = Annotated[float, _limited(f"milliseconds from 0 to {LONGEST_MS:g}", ge=0, le=LONGEST_MS)]
Tokens = Annotated[int, _limited(f"a whole number from 0 to {MOST_TOKENS}", ge=0, le=MOST_TOKENS)]


def _about(description: str) -> Meta:
    return Meta(description=description)


class RecordError(ValueError):
    """A line is not a traffic record of schema 1; the message has the key, the value and what was expected."""


class ArmResult(msgspec.Struct, frozen=True):
    """What one arm gave for one request; on a line, its keys end in the arm's name (`status_B`).

    A production arm's latency runs from assignment to answer. A shadow's is its service time, and its wait is
    `queue_ms`. `reason` says why there is no answer.
    """

    status: Status
    response: Annotated[str | None, _about("the answer; text exactly when the status is ok")] = None
    edit_applied: Annotated[bool | None, _about("whether the model's edit fitted the sentence")] = None
    latency_ms: Annotated[Milliseconds | None, _about("a number whenever the status is ok")] = None
    tokens: Annotated[Tokens | None, _about("tokens that the model generated")] = None
    queue_ms: Annotated[Milliseconds | None, _about("how long a shadow waited for its turn")] = None
    cpu_ms: Annotated[Milliseconds | None, _about("CPU time of a shadow's run")] = None
    reason: Annotated[str | None, _about("why there is no answer")] = None


class TrafficRecord(msgspec.Struct, frozen=True):
    """One request that was assigned to an arm; `results` has the serving arm and the shadow, if there was one.

    The fields above `results` are the head of a line, in this order.
    """

    record_id: Annotated[Id, _about("made by the server, unique")]
    ts: Annotated[Timestamp, _about("when the request was assigned; a day and time that exist")]
    request_id: Annotated[str, _about("the client's, or made by the server; may repeat")]
    trace_id: Annotated[Id, _about("the request's trace")]
    http_status: Annotated[HttpStatus, _about("what the client got")]
    strategy: Annotated[Strategy, _about("how requests were divided between the arms")]
    salt: Annotated[str, _about("the salt of the assignment")]
    config_sha: Annotated[Sha, _about("names the routing configuration: never pooled")]
    production_arm: Annotated[ArmName, _about("whose answer the client got")]
    shadow_arm: Annotated[ArmName | None, _about("which arm ran unseen; null unless the strategy is shadow")]
    arm_shas: Annotated[Shas, _about("the model of every arm, at least of those on the line")]
    traffic_arm: Annotated[ArmName, _about("equals production_arm")] = msgspec.field(name="traffic.arm")
    sentence: Annotated[str, _about("what was asked")]
    results: Mapping[str, ArmResult]


HEAD: Final = tuple(field for field in msgspec.structs.fields(TrafficRecord) if field.name != "results")
PER_ARM: Final = msgspec.structs.fields(ArmResult)


def line_key(name: str, arm: str) -> str:
    """Return the key that an arm's value has on a line.

    >>> line_key("latency_ms", "B")
    'latency_ms_B'
    """
    return f"{name}_{arm}"
