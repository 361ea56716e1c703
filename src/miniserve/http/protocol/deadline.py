"""What a connection waits for, how long it may, and the one timer that ends the wait."""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import assert_never

from miniserve.http.protocol.limits import SHUTDOWN_BODY_S, Limits


class State(Enum):
    """What a connection waits for. Each state has a deadline, but WORK, which has the application's own."""

    IDLE = auto()
    """The next request, after at least one."""
    HEAD = auto()
    """The rest of a head, or the first byte of the first."""
    BODY = auto()
    """The rest of a body."""
    WORK = auto()
    """The application's response to a request that is complete."""
    DRAIN = auto()
    """The rest of a body that was answered early, which nobody wants."""
    CLOSING = auto()
    """The client, to read the last response and to close."""


def seconds_for(state: State, limits: Limits, *, draining: bool, unsent: bool) -> float | None:
    """Return how long a connection may stay in a state, None for as long as the application takes."""
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

    A timer that is too early is left to find that out when it fires: two timers less for every request.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, passed: Callable[[], None]) -> None:
        self._loop = loop
        self._passed = passed
        self._at: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float | None) -> None:
        """Call back in so many seconds, or never; whatever was set before is forgotten."""
        self._at = at = None if seconds is None else self._loop.time() + seconds
        if at is not None and (self._timer is None or self._timer.when() > at):
            self.cancel_timer()
            self._timer = self._loop.call_at(at, self._fire)

    def cancel_timer(self) -> None:
        """Never call back."""
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
