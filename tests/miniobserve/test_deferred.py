"""Deferred calls run in order, in batches, soon, without a request's context, and whatever the others do."""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial

import pytest
import structlog
from structlog.testing import capture_logs

from miniobserve import deferred as module
from miniobserve.deferred import BATCH, DeferredCalls
from miniobserve.metrics.metrics import Metrics

TIMEOUT_S = 30.0
_owner = ContextVar("_owner", default="nobody")


def _raise(message: str) -> None:
    raise RuntimeError(message)


def _deferred(on_error: Callable[[], None] = lambda: None) -> DeferredCalls:
    return DeferredCalls(on_error)


@pytest.fixture
def no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the timer so slow that it never fires."""
    monkeypatch.setattr(module, "DELAY_S", 3_600.0)


def test_calls_wait_and_are_flushed_in_order(no_timer: None) -> None:
    made: list[int] = []

    async def add_and_flush() -> list[int]:
        deferred = _deferred()
        for number in range(5):
            deferred.add(partial(made.append, number))
        before = list(made)
        deferred.flush()
        deferred.flush()
        return before

    assert asyncio.run(add_and_flush()) == []
    assert made == [0, 1, 2, 3, 4]


def test_calls_run_by_themselves_after_the_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DELAY_S", 0.001)

    async def twice() -> None:
        deferred = _deferred()
        for _ in range(2):
            made = asyncio.Event()
            deferred.add(made.set)
            async with asyncio.timeout(TIMEOUT_S):
                await made.wait()

    asyncio.run(twice())


def test_a_full_batch_does_not_wait_for_the_delay(no_timer: None) -> None:
    made: list[int] = []

    async def add(count: int) -> None:
        deferred = _deferred()
        for number in range(count):
            deferred.add(partial(made.append, number))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(add(BATCH - 1))
    assert made == []
    asyncio.run(add(BATCH))
    assert made == list(range(BATCH))


def test_immediate_calls_do_not_wait(no_timer: None) -> None:
    made: list[int] = []

    DeferredCalls(lambda: None, immediate=True).add(partial(made.append, 1))

    assert made == [1]


def test_no_call_sees_the_context_of_a_request(no_timer: None) -> None:
    seen: list[str] = []

    async def add() -> None:
        deferred = _deferred()
        _owner.set("a request")
        for _ in range(BATCH):
            deferred.add(lambda: seen.append(_owner.get()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        deferred.add(lambda: seen.append(_owner.get()))
        deferred.flush()

    asyncio.run(add())

    assert seen == ["nobody"] * (BATCH + 1)


def test_calls_that_raise_are_logged_and_counted_and_all_others_run_in_the_same_flush(no_timer: None) -> None:
    made: list[int] = []
    metrics = Metrics()

    async def add_and_flush() -> None:
        deferred = DeferredCalls(metrics.count_failed_call)
        for number in range(30):
            deferred.add(partial(_raise, f"defect {number}") if number % 3 == 0 else partial(made.append, number))
        deferred.flush()

    with capture_logs() as lines:
        asyncio.run(add_and_flush())

    assert made == [number for number in range(30) if number % 3]
    assert [str(line["exc_info"]) for line in lines] == [f"defect {number}" for number in range(0, 30, 3)]
    assert b'telemetry_errors_total{kind="deferred_call"} 10.0' in metrics.exposition()


def test_an_immediate_call_that_raises_does_not_reach_whoever_added_it() -> None:
    failed: list[str] = []

    with capture_logs():
        DeferredCalls(lambda: failed.append("counted"), immediate=True).add(partial(_raise, "a defect"))

    assert failed == ["counted"]


def test_the_error_of_a_call_is_logged_without_the_context_of_a_request(no_timer: None) -> None:
    async def add_and_flush() -> None:
        structlog.contextvars.bind_contextvars(request_id="another's")
        deferred = _deferred()
        deferred.add(partial(_raise, "a defect"))
        deferred.flush()

    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        asyncio.run(add_and_flush())

    assert [line.get("request_id") for line in lines] == [None]
