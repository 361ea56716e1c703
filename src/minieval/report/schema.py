"""The published JSON Schema of report.json: `python -m minieval.report.schema > docs/report.schema.json`."""

import inspect
import json
import sys
from typing import Any, Final

import msgspec

from minieval.report.document import SCHEMA, Report

SCHEMA_ID: Final = f"urn:lynx-shadow-ab:report:{SCHEMA}"


def json_schema() -> str:
    """Return the JSON Schema of the document: every key is required, and no other is allowed."""
    generated = _closed(msgspec.json.schema(Report, schema_hook=_any_json))
    generated["$defs"]["Report"]["properties"]["schema"] = {"const": SCHEMA}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": f"Report of the judge, schema {SCHEMA}",
        "$comment": "The keys of a number keep name and meaning; a report with others gets the next number.",
        **generated,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _closed(node: Any) -> Any:  # noqa: ANN401 - arbitrary JSON
    """Return the schema with all named properties required and no others allowed."""
    if isinstance(node, list):
        return [_closed(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(entry) for key, entry in node.items()}
    # Closed, so that a consumer's validator notices a key it does not know instead of ignoring it.
    if "properties" in closed:
        closed |= {"required": list(closed["properties"]), "additionalProperties": False}
    if "description" in closed:
        closed["description"] = inspect.cleandoc(closed["description"])
    return closed


def _any_json(_: type) -> dict[str, object]:
    return {"description": "any JSON value"}


if __name__ == "__main__":
    sys.stdout.write(json_schema())
