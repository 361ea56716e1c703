"""The states of a connection, the time limit of each, and the timer that enforces it."""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import assert_never

from miniserve.http.protocol.limits import SHUTDOWN_BODY_S, Limits


class State(Enum):
    """What a connection waits for. Each state has a deadline, except WORK: the application has its own."""

    IDLE = auto()
    """The next request, after at least one other."""
    HEAD = auto()
    """The rest of a head, or the first byte on a new connection."""
    BODY = auto()
    """The rest of a body."""
    WORK = auto()
    """The application's response to a complete request."""
    DRAIN = auto()
    """The rest of a body after an early response; it is discarded."""
    CLOSING = auto()
    """The client, to read the last response and to close."""


def seconds_for(state: State, limits: Limits, *, draining: bool, unsent: bool) -> float | None:
    """Return how many seconds a connection may stay in a state, None for no limit."""
    match state:
        case State.IDLE:
            return limits.idle_s
        case State.HEAD:
            return limits.head_s
        case State.BODY:
            return SHUTDOWN_BODY_S if draining else limits.body_s + limits.body_slack_s
        case State.WORK:
            return None
        case State.DRAIN:
            return limits.body_s
        case State.CLOSING:
            return limits.write_s if unsent else limits.linger_s
        case _:
            assert_never(state)


class Deadline:
    """A deadline that moves with every request.

    Moving it later leaves the timer alone, which checks the deadline when it fires. That saves two timers per request.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, passed: Callable[[], None]) -> None:
        self._loop = loop
        self._passed = passed
        self._at: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float | None) -> None:
        """Call back after that many seconds, or never for None; replaces the previous deadline."""
        self._at = at = None if seconds is None else self._loop.time() + seconds
        if at is not None and (self._timer is None or self._timer.when() > at):
            self.cancel_timer()
            self._timer = self._loop.call_at(at, self._fire)

    def cancel_timer(self) -> None:
        """Cancel the callback."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        if self._at is None:
            return
        if self._loop.time() < self._at:
            self._timer = self._loop.call_at(self._at, self._fire)
        else:
            self._passed()
