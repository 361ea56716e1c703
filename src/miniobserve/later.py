"""What a request tells of itself, told a moment after it was answered, and several requests at a time.

Metrics and log lines are Python that no request before has left in the processor's caches: between two inferences they
take four times as long as one after the other.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context

DELAY_S = 0.1
# Some twenty requests. Whoever asks meanwhile waits for them, half a millisecond.
TOGETHER = 64


class Later:
    """Makes calls in their order, once TOGETHER wait or DELAY_S after the first of them; or all of them at once."""

    def __init__(self, *, at_once: bool = False) -> None:
        self._at_once = at_once
        self._calls: deque[Callable[[], None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._nobodys = Context()

    def add(self, call: Callable[[], None]) -> None:
        """Note a call, which sees no request's context; called on the event loop."""
        self._calls.append(call)
        if self._at_once:
            self.settle()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY_S, self.settle)
        elif len(self._calls) == TOGETHER:
            asyncio.get_running_loop().call_soon(self.settle)

    def settle(self) -> None:
        """Make the calls that wait; those after one that raises are made a moment later. Called on the event loop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            while self._calls:
                self._nobodys.run(self._calls.popleft())
        finally:
            if self._calls:
                self._timer = asyncio.get_running_loop().call_later(DELAY_S, self.settle)
