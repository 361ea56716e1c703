"""The published schema of report.json: it describes the committed reports, and refuses what it does not describe."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from minieval.grading.identity import REPOSITORY
from minieval.report.document import SCHEMA, make_report, to_json
from minieval.report.schema import SCHEMA_ID, json_schema
from minieval.verdict.decision import invalid
from minieval.verdict.gates import GateId, gate

PUBLISHED = (REPOSITORY / "docs" / "report.schema.json").read_text(encoding="utf-8")
VALIDATOR = Draft202012Validator(json.loads(PUBLISHED))
REPORTS = sorted((REPOSITORY / "experiments" / "38-shadow-ab").glob("**/report.json"))
# Facts about the machine and the run, as the driver recorded them.
FREE_FORM = {"isolation", "versions", "git", "hardware", "engine", "margins", "statuses", "slices"}

Json = dict[str, Any]


def objects(node: object, name: str = "") -> Iterator[tuple[str, Json]]:
    """Yield every object with fixed keys, with the name of its type."""
    if isinstance(node, list):
        for entry in node:
            yield from objects(entry, name)
    elif isinstance(node, dict) and name not in FREE_FORM:
        yield name, node
        for key, entry in node.items():
            yield from objects(entry, key)


def one_of_each(report: Json) -> list[tuple[str, Json]]:
    seen: dict[tuple[str, tuple[str, ...]], tuple[str, Json]] = {}
    for name, found in objects(report):
        seen.setdefault((name, tuple(found)), (name, found))
    return list(seen.values())


def test_the_published_schema_is_the_documents() -> None:
    assert json_schema() == PUBLISHED, "it changed: python -m minieval.report.schema > docs/report.schema.json"


def test_the_schema_is_valid_and_states_its_version() -> None:
    Draft202012Validator.check_schema(json.loads(PUBLISHED))

    assert json.loads(PUBLISHED)["$id"] == SCHEMA_ID == f"urn:lynx-shadow-ab:report:{SCHEMA}"


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.parent.name)
def test_every_committed_report_is_valid(path: Any) -> None:  # noqa: ANN401 - pytest's own Path
    VALIDATOR.validate(json.loads(path.read_bytes()))


def test_a_report_on_invalid_evidence_is_valid() -> None:
    VALIDATOR.validate(json.loads(to_json(make_report(invalid([gate(GateId.ARMS, False, "a", "b")]), None))))


@pytest.mark.parametrize("name", ["schema", "verdict", "gates", "cost", "noise_floor_missing"])
def test_a_report_without_one_of_its_keys_is_refused(name: str) -> None:
    report = json.loads(REPORTS[0].read_bytes())

    del report[name]

    assert not VALIDATOR.is_valid(report)


def test_another_schema_number_is_refused() -> None:
    assert not VALIDATOR.is_valid({**json.loads(REPORTS[0].read_bytes()), "schema": SCHEMA + 1})


def test_an_additional_key_is_refused_in_every_object() -> None:
    report = json.loads(REPORTS[0].read_bytes())
    accepted = []
    for name, found in one_of_each(report):
        found["another_key"] = 1
        if VALIDATOR.is_valid(report):
            accepted.append(name)
        del found["another_key"]

    assert len(one_of_each(copy.deepcopy(report))) > 30
    assert accepted == []
