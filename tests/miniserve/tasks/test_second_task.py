"""A second task is one module and its registration: everything else about a request is the same."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest
from tests.miniserve.arms.test_production_arm import Desk

from miniserve.arms.arm import Answer
from miniserve.errors import RequestRefused
from miniserve.http.openapi import openapi
from miniserve.serve import Prompt
from miniserve.tasks.registry import TASKS
from miniserve.tasks.task import Operation, Reply

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


@dataclass(frozen=True)
class ShoutRequest:
    """A text to shout."""

    prompt: Prompt
    request_id: str | None = None

    def reply(self, answer: Answer, _request_id: str) -> Reply:
        """Return the answer in capitals."""
        return Reply(json.dumps({"text": answer.text.upper()}).encode(), {"X-Volume": "11"})


@dataclass(frozen=True)
class Shout:
    """A toy task."""

    name: str = "shout"
    path: str = "/v1/shout"
    max_body_bytes: int = 100
    warm_up: str = "hello"

    def read(self, body: bytes, _headers: Mapping[str, str]) -> ShoutRequest:
        """Check a body."""
        text = json.loads(body).get("text")
        if not isinstance(text, str):
            raise RequestRefused(HTTPStatus.UNPROCESSABLE_ENTITY, "text is missing: expected a string", field="text")
        return ShoutRequest(Prompt(text, "text"))

    def operation(self) -> Operation:
        """Describe the task."""
        return Operation("shout", "Shout a text.", {"Text": TEXT}, "Text", "Text")


TWO_TASKS = (*TASKS, Shout())


async def _echo(prompt: str) -> Answer:
    return Answer(f"{prompt}!", edit_applied=True, tokens=1)


def test_a_second_task_is_served_shadowed_and_logged_like_the_first(tmp_path: Path) -> None:
    desk = Desk(tmp_path, _echo, TWO_TASKS)

    response = desk.ask(path="/v1/shout", body={"text": "hello"})

    assert (response.status_code, response.json(), response.headers["x-volume"]) == (200, {"text": "HELLO!"}, "11")
    assert response.headers["x-request-id"]
    record = desk.line()
    assert (record.sentence, record.results["A"].response, record.results["B"].status) == ("hello", "hello!", "dropped")


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [({"words": "x"}, 422, "text is missing"), ({"text": "x" * 200}, 413, "over 100 bytes")],
)
def test_a_second_task_refuses_by_its_own_rules(body: object, status: int, detail: str, tmp_path: Path) -> None:
    response = Desk(tmp_path, _echo, TWO_TASKS).ask(path="/v1/shout", body=body)

    assert response.status_code == status
    assert detail in response.json()["detail"]


def test_both_tasks_are_described() -> None:
    description = openapi(TWO_TASKS, asks_for_keys=False)

    assert {"/v1/grammar/correct", "/v1/shout"} <= description["paths"].keys()
    assert {"CorrectRequest", "CorrectReply", "Text", "Problem"} == description["components"]["schemas"].keys()
