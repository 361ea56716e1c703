"""The lab's client: the settings of a run, its request ids, and sending one request."""

import random
import uuid
from dataclasses import dataclass
from typing import Any

import httpx
from plan import Block

from miniserve.routes.switch import two_arms
from miniserve.tasks.grammar import CORRECT_PATH
from miniserve.traffic import RouteConfig, Strategy

PLANNED_N = 200
# In seconds between requests. Slower than B answers, so no shadow is dropped; a block takes four seconds.
PACE_S = 0.02


class DriverError(Exception):
    """The run did not produce the planned evidence."""


@dataclass(frozen=True)
class Plan:
    """The settings of a run, fixed before the first request."""

    seed: int
    a_sha: str
    b_sha: str
    salt: str
    shadow_block: Block
    ab_block: Block

    def config(self, strategy: Strategy) -> RouteConfig:
        """Return a configuration with A in production and B as the other arm."""
        return two_arms(strategy, self.a_sha, self.b_sha, self.salt)


def request_ids(seed: int, count: int) -> list[str]:
    """Return version 4 UUIDs, drawn by seed."""
    rng = random.Random(f"request ids {seed}")  # noqa: S311 - ids to repeat, not secrets
    return [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(count)]


def correct(client: httpx.Client, sentence: str, request_id: str) -> dict[str, Any]:
    """Send one request and return the reply. Raises DriverError on any status but 200."""
    response = client.post(CORRECT_PATH, json={"sentence": sentence, "request_id": request_id})
    if response.status_code != httpx.codes.OK:
        raise DriverError(f"request {request_id} got {response.status_code}: {response.text}, expected 200")
    body: dict[str, Any] = response.json()
    return body
