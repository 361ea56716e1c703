"""The protocol of a task. A new task is one module that implements it, and a line in registry.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from miniserve.arms.arm import Answer
from miniserve.serve import Prompt


@dataclass(frozen=True)
class Reply:
    """The JSON body of a 200, and the headers that go with it."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """A task in the OpenAPI description: JSON Schemas by name, and which of them are the request's and the reply's.

    `parameters` and `reply_headers` are added to those that every task has (request id, trace).
    """

    operation_id: str
    summary: str
    schemas: Mapping[str, Any]
    asked: str
    replied: str
    parameters: tuple[Mapping[str, Any], ...] = ()
    reply_headers: Mapping[str, Any] = field(default_factory=dict)


class TaskRequest(Protocol):
    """A client's request after its checks; `request_id` is the one in its body, or None."""

    @property
    def prompt(self) -> Prompt:
        """What the arms get."""

    @property
    def request_id(self) -> str | None:
        """The id in the body."""

    def reply(self, answer: Answer, request_id: str) -> Reply:
        """Turn the production arm's answer into the client's reply."""


class Task(Protocol):
    """A path that clients POST JSON to.

    `warm_up` is a prompt that a freshly loaded arm answers before it serves.
    """

    @property
    def name(self) -> str:
        """How configurations name the task."""

    @property
    def path(self) -> str:
        """The path on the public port."""

    @property
    def max_body_bytes(self) -> int:
        """The largest body that is read."""

    @property
    def warm_up(self) -> str:
        """A prompt that any of the task's arms can answer."""

    def read(self, body: bytes, headers: Mapping[str, str]) -> TaskRequest:
        """Check a body; raises RequestRefused: 400 if it is not JSON in UTF-8, 422 if it is not a request."""

    def operation(self) -> Operation:
        """Return what the OpenAPI description says."""
