"""Calls made a moment later: in order, soon, together, and in nobody's context."""

import asyncio
from contextvars import ContextVar
from functools import partial
from typing import Any

import pytest

from miniobserve import later as module
from miniobserve.later import TOGETHER, Later

PATIENCE_S = 30.0
_whose = ContextVar("_whose", default="nobody's")


def _raise(what: str) -> None:
    raise RuntimeError(what)


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time be long enough."""
    monkeypatch.setattr(module, "DELAY_S", 3_600.0)


def test_calls_wait_and_are_settled_in_their_order(never: None) -> None:
    made: list[int] = []

    async def add_and_settle() -> list[int]:
        later = Later()
        for number in range(5):
            later.add(partial(made.append, number))
        before = list(made)
        later.settle()
        later.settle()
        return before

    assert asyncio.run(add_and_settle()) == []
    assert made == [0, 1, 2, 3, 4]


def test_they_are_made_by_themselves_after_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DELAY_S", 0.001)

    async def twice() -> None:
        later = Later()
        for _ in range(2):
            made = asyncio.Event()
            later.add(made.set)
            async with asyncio.timeout(PATIENCE_S):
                await made.wait()

    asyncio.run(twice())


def test_many_do_not_wait_for_the_moment(never: None) -> None:
    made: list[int] = []

    async def add(count: int) -> None:
        later = Later()
        for number in range(count):
            later.add(partial(made.append, number))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(add(TOGETHER - 1))
    assert made == []
    asyncio.run(add(TOGETHER))
    assert made == list(range(TOGETHER))


def test_at_once_nothing_waits(never: None) -> None:
    made: list[int] = []

    Later(at_once=True).add(partial(made.append, 1))

    assert made == [1]


def test_no_call_sees_the_context_of_a_request(never: None) -> None:
    seen: list[str] = []

    async def add() -> None:
        later = Later()
        _whose.set("a request's")
        for _ in range(TOGETHER):
            later.add(lambda: seen.append(_whose.get()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        later.add(lambda: seen.append(_whose.get()))
        later.settle()

    asyncio.run(add())

    assert seen == ["nobody's"] * (TOGETHER + 1)


def test_a_call_that_raises_is_told_and_those_after_it_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DELAY_S", 0.001)
    told: list[str] = []
    made: list[int] = []

    async def add() -> None:
        later, failed, done = Later(), asyncio.Event(), asyncio.Event()

        def tell(_loop: asyncio.AbstractEventLoop, what: dict[str, Any]) -> None:
            told.append(str(what["exception"]))
            failed.set()

        asyncio.get_running_loop().set_exception_handler(tell)
        later.add(partial(_raise, "a defect"))
        later.add(partial(made.append, 1))
        later.add(done.set)
        async with asyncio.timeout(PATIENCE_S):
            await failed.wait()
            await done.wait()

    asyncio.run(add())

    assert told == ["a defect"]
    assert made == [1]
