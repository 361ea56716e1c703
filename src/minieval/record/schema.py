"""docs/record.schema.json: the JSON Schema of a line, for other tools. It is derived from record.py."""

import json
from typing import Any, Final

import msgspec

from minieval.record.record import ARM_NAME, END, SCHEMA, STRATEGIES, ArmResult, TrafficRecord

_ABOUT: Final = (
    "One line of a traffic log: a request that reached an assignment, with the answer of every arm that ran on it. "
    "Keys end in an arm's name. The keys of the production arm are there, and those of the shadow arm where there is "
    "one; keys of other arms are not read. A key that is missing and one that is null mean the same. A response is "
    "text exactly when its status is ok, and then its latency is a number. Beyond this schema: the time of ts exists, "
    "traffic.arm equals production_arm, shadow_arm differs from it, and arm_shas has both."
)


def record_schema() -> str:
    """Return the JSON Schema of a line, as docs/record.schema.json publishes it."""
    head, per_arm = _properties(TrafficRecord), _properties(ArmResult)
    del head["results"]
    unshadowed = [strategy for strategy in STRATEGIES if strategy != "shadow"]
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Traffic record, schema {SCHEMA}",
        "description": _ABOUT,
        "type": "object",
        "required": ["schema", *(key for key in head if key != "shadow_arm")],
        "properties": {"schema": {"const": SCHEMA}, **head},
        "patternProperties": {f"^{name}_{ARM_NAME}$": schema for name, schema in per_arm.items()},
        "if": {"properties": {"strategy": {"enum": unshadowed}}},
        "then": {"properties": {"shadow_arm": {"type": "null"}}},
    }
    # JSON Schema patterns follow ECMA 262, which has no \Z; there, $ matches only at the very end.
    return json.dumps(document, indent=2).replace(json.dumps(END)[1:], '$"') + "\n"


def _properties(struct: type[msgspec.Struct]) -> dict[str, dict[str, Any]]:
    _, definitions = msgspec.json.schema_components([struct])
    properties = definitions[struct.__name__]["properties"]
    # Every default is null, which means the same as a missing key.
    return {
        key: {name: value for name, value in schema.items() if name != "default"} for key, schema in properties.items()
    }
