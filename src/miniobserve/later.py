"""What a request tells of itself, told a moment after it was answered, and several requests at a time.

Metrics and log lines are Python that no request before has left in the processor's caches: between two inferences they
take four times as long as one after the other.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context

DELAY_S = 0.05
# Some ten requests. Whoever is answered meanwhile waits for them, a few tenths of a millisecond.
TOGETHER = 32


class Later:
    """Makes calls on the event loop, in their order, once TOGETHER wait or DELAY_S after the first of them."""

    def __init__(self) -> None:
        self._calls: deque[Callable[[], None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._nobodys = Context()

    def add(self, call: Callable[[], None]) -> None:
        """Note a call, which sees no request's context; called on the event loop."""
        self._calls.append(call)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY_S, self.settle)
        elif len(self._calls) == TOGETHER:
            asyncio.get_running_loop().call_soon(self.settle)

    def settle(self) -> None:
        """Make the calls that wait; one that raises leaves those after it waiting."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._calls:
            self._nobodys.run(self._calls.popleft())
