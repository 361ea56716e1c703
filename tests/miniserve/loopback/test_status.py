"""A process's status can be encoded, whatever B says about itself."""

import asyncio
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from tests.function_arm import FunctionArm
from tests.miniserve.arms.test_production_arm import CONFIG, Desk

from miniserve.arms.arm import Answer, ArmState
from miniserve.loopback.status import ProcessStatus, details, status_of
from miniserve.routes.routes import Route
from miniserve.shadow.queue import Shadow, ShadowLimits

HOSTILE = {"a lone surrogate": "\ud800", "10 MB": "x" * 10_000_000, "control characters": "\x00\x1b[2J"}


async def _echo(prompt: str) -> Answer:
    return Answer(prompt, edit_applied=True, tokens=1)


class BoastfulArm(FunctionArm):
    """An arm whose state holds a text of the test's choice."""

    said = ""

    @property
    def state(self) -> ArmState:
        return ArmState(up=True, pid=1, engine=self.said, last_failure=self.said)


def _shadowed_by(folder: Path, said: str) -> Desk:
    desk = Desk(folder, _echo)
    arm = BoastfulArm(_echo, "b" * 64)
    arm.said = said
    serving = BoastfulArm(_echo)
    serving.said = said
    desk.routes.current = Route(CONFIG, {"A": serving}, Shadow("B", arm, ShadowLimits()))
    return desk


async def _status(desk: Desk) -> ProcessStatus:
    return status_of(desk.routes, desk.ledger)


@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_status_with_any_text_of_b_is_short_and_reaches_the_parent_unchanged(said: str, tmp_path: Path) -> None:
    found = asyncio.run(_status(_shadowed_by(tmp_path, said)))

    sent = msgspec.json.encode(found)

    assert len(sent) < 100_000
    assert msgspec.json.decode(sent, type=ProcessStatus) == found
    assert msgspec.json.encode(details([found, replace(found, pid=2)]))
