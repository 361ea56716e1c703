"""The traffic record of schema 1 as the judge reads it: its keys, and what has to hold of every line.

What a check says in SQL it says over columns of raw JSON, one per key, NULL where the key is missing or null.
docs/record.schema.json says the same to other tools.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from minieval.record.statuses import OK, STATUSES
from minieval.stats.percentiles import LONGEST_MS

SCHEMA: Final = 1
ARM_NAME: Final = "[A-Za-z0-9]+"
HEX32: Final = "[0-9a-f]{32}"
HEX64: Final = "[0-9a-f]{64}"
STRATEGIES: Final = ("single", "shadow", "ab", "canary")

OPENING: Final = b'{"schema":1,"record_id":"'
"""What a line begins with as the server writes it, up to the record's id; one that a crash tore has a part of it."""
LOSS: Final = re.compile(rb'\{"schema":1,"lost_records":(\d+),"ts":"[0-9T:.Z-]+"\}')
"""A line that says how many records could not be written."""

_COMMON: Final = (
    "schema",
    "record_id",
    "ts",
    "request_id",
    "trace_id",
    "http_status",
    "strategy",
    "salt",
    "config_sha",
    "production_arm",
    "shadow_arm",
    "arm_shas",
    "traffic.arm",
    "sentence",
)
_PER_ARM: Final = ("status", "response", "edit_applied", "latency_ms", "tokens", "queue_ms", "cpu_ms", "reason")


@dataclass(frozen=True, slots=True)
class Check:
    """A condition on a line: the key it is about, the SQL that is true exactly where it holds, what was expected."""

    key: str
    holds: str
    expected: str


def columns(arms: Sequence[str]) -> tuple[str, ...]:
    """Return the keys that are read of a line whose arms have these names."""
    return (*_COMMON, *(f"{name}_{arm}" for arm in arms for name in _PER_ARM))


def checks(arms: Sequence[str]) -> tuple[Check, ...]:
    """Return everything that has to hold of a line, in the order in which a refusal should name it."""
    return (*_common_checks(), *(check for arm in arms for check in _arm_checks(arm)))


def on_line(arm: str) -> str:
    """Return the SQL that is true where an arm served or shadowed the line's request."""
    return f"""(production_arm = '"{arm}"' OR coalesce(shadow_arm = '"{arm}"', false))"""


def quoted(key: str) -> str:
    """Return a key as SQL names its column."""
    return f'"{key}"'


def record_schema() -> str:
    """Return the JSON Schema of a line, as docs/record.schema.json publishes it."""
    text, duration = {"type": "string"}, {"type": ["number", "null"], "minimum": 0, "maximum": LONGEST_MS}
    texts = ("ts", "request_id", "salt", "sentence")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Traffic record, schema {SCHEMA}",
        "description": (
            "One line of a traffic log: a request that reached an assignment, with the answer of every arm that ran "
            "on it. Keys end in an arm's name. The keys of the production arm are there, and those of the shadow "
            "arm where there is one; keys of other arms are not read. A response is text exactly when its status is "
            "ok, and then its latency is a number."
        ),
        "type": "object",
        "required": [key for key in _COMMON if key != "shadow_arm"],
        "properties": {
            "schema": {"const": SCHEMA},
            "record_id": {**_pattern(HEX32), "description": "made by the server, unique"},
            "trace_id": _pattern(HEX32),
            "http_status": {"type": "integer"},
            "strategy": {"enum": list(STRATEGIES)},
            "config_sha": {**_pattern(HEX64), "description": "names the routing configuration: never pooled"},
            "production_arm": {**_pattern(ARM_NAME), "description": "whose answer the client got"},
            "shadow_arm": {
                "anyOf": [_pattern(ARM_NAME), {"type": "null"}],
                "description": "which ran unseen; left out as null",
            },
            "arm_shas": {
                "type": "object",
                "description": "the model of every arm",
                "propertyNames": _pattern(ARM_NAME),
                "additionalProperties": _pattern(HEX64),
            },
            "traffic.arm": text,
            **dict.fromkeys(texts, text),
        },
        "patternProperties": {
            f"^status_{ARM_NAME}$": {"enum": list(STATUSES)},
            f"^(response|reason)_{ARM_NAME}$": {"type": ["string", "null"]},
            f"^edit_applied_{ARM_NAME}$": {"type": ["boolean", "null"]},
            f"^(latency|queue|cpu)_ms_{ARM_NAME}$": duration,
            f"^tokens_{ARM_NAME}$": {"type": ["integer", "null"]},
        },
    }
    return json.dumps(document, indent=2) + "\n"


def _pattern(pattern: str) -> dict[str, object]:
    return {"type": "string", "pattern": f"^{pattern}$"}


def _common_checks() -> Iterator[Check]:
    yield Check("schema", f"coalesce(schema = '{SCHEMA}', false)", str(SCHEMA))
    for key, pattern in (
        ("record_id", HEX32),
        ("trace_id", HEX32),
        ("config_sha", HEX64),
        ("production_arm", ARM_NAME),
    ):
        yield Check(key, _matches(key, pattern), f"to match {pattern}")
    optional_arm = f"(shadow_arm IS NULL OR {_matches('shadow_arm', ARM_NAME)})"
    yield Check("shadow_arm", optional_arm, f"null, or to match {ARM_NAME}")
    for key in ("ts", "request_id", "salt", "traffic.arm", "sentence"):
        yield Check(key, _text(key), "text")
    yield Check("http_status", _whole("http_status"), "a whole number")
    strategies = ", ".join(f"'\"{name}\"'" for name in STRATEGIES)
    yield Check("strategy", f"coalesce(strategy IN ({strategies}), false)", ", ".join(STRATEGIES))
    member = rf'\s*"{ARM_NAME}"\s*:\s*"{HEX64}"\s*'
    yield Check(
        "arm_shas",
        rf"coalesce(regexp_full_match(arm_shas, '\{{{member}(,{member})*\}}'), false)",
        "an object of arm name to 64 hexadecimal digits",
    )
    # The names stand between quotes, so one is no part of another, and a SHA has none.
    named = "contains(arm_shas::VARCHAR, production_arm::VARCHAR)"
    shadowed = "coalesce(contains(arm_shas::VARCHAR, shadow_arm::VARCHAR), true)"
    yield Check("arm_shas", f"coalesce({named} AND {shadowed}, false)", "the SHA of every arm on the line")


def _arm_checks(arm: str) -> Iterator[Check]:
    status, response, latency = (f"{name}_{arm}" for name in ("status", "response", "latency_ms"))
    ok = f"({quoted(status)} = '\"{OK}\"')"
    named = ", ".join(f"'\"{name}\"'" for name in STATUSES)
    conditions = [
        (status, f"coalesce({quoted(status)} IN ({named}), false)", ", ".join(STATUSES)),
        (response, f"({ok} = {_text(response)})", f"text exactly when {status} is ok"),
        (response, f"({quoted(response)} IS NULL OR {_text(response)})", "text or null"),
        (latency, _duration(latency), f"milliseconds from 0 to {LONGEST_MS:g}"),
        (latency, f"(NOT {ok} OR {quoted(latency)} IS NOT NULL)", f"milliseconds, as {status} is ok"),
        *(
            (f"{name}_{arm}", _duration(f"{name}_{arm}"), f"milliseconds from 0 to {LONGEST_MS:g}")
            for name in ("queue_ms", "cpu_ms")
        ),
        (f"reason_{arm}", f"({quoted(f'reason_{arm}')} IS NULL OR {_text(f'reason_{arm}')})", "text or null"),
        (
            f"edit_applied_{arm}",
            f"coalesce({quoted(f'edit_applied_{arm}')} IN ('true', 'false'), true)",
            "true, false or null",
        ),
        (
            f"tokens_{arm}",
            f"({quoted(f'tokens_{arm}')} IS NULL OR {_whole(f'tokens_{arm}')})",
            "a whole number or null",
        ),
    ]
    for key, holds, expected in conditions:
        yield Check(key, f"(NOT {on_line(arm)} OR {holds})", expected)


def _text(key: str) -> str:
    return f"coalesce(starts_with({quoted(key)}, '\"'), false)"


def _matches(key: str, pattern: str) -> str:
    return f"coalesce(regexp_full_match({quoted(key)}, '\"{pattern}\"'), false)"


def _whole(key: str) -> str:
    return f"coalesce(regexp_full_match({quoted(key)}, '-?[0-9]+'), false)"


def _duration(key: str) -> str:
    number = f"try_cast({quoted(key)}::VARCHAR AS DOUBLE)"
    return f"({quoted(key)} IS NULL OR coalesce({number} BETWEEN 0 AND {LONGEST_MS}, false))"
