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
    """What the OpenAPI description says of a task: JSON Schemas by name, and which of them are asked and replied.

    `parameters` and `reply_headers` come on top of those that every task has (request id, trace).
    """

    operation_id: str
    summary: str
    schemas: Mapping[str, Any]
    asked: str
    replied: str
    parameters: tuple[Mapping[str, Any], ...] = ()
    reply_headers: Mapping[str, Any] = field(default_factory=dict)


class TaskRequest(Protocol):
    """One request of a client's, checked; `request_id` is what its body says, or None."""

    @property
    def prompt(self) -> Prompt:
        """What the arms are asked."""

    @property
    def request_id(self) -> str | None:
        """The id in the body."""

    def reply(self, answer: Answer, request_id: str) -> Reply:
        """Return what the client gets for the production arm's answer."""


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
        """Check a body; raises RequestRefused: 400 when it is not JSON in UTF-8, 422 when it is not a request."""

    def operation(self) -> Operation:
        """Return what the OpenAPI description says."""
