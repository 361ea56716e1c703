"""SIGTERM and SIGINT: noted from the first line of the program on, handled once there is something to stop.

Standard library only, and little of it: half a second of imports comes after this one.
"""

import asyncio
import signal
from collections.abc import Callable
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopRequest:
    """Whether this process was asked to stop, from when this is made; what follows from it, from `handle` on."""

    def __init__(self) -> None:
        self.received = False
        for number in _SIGNALS:
            signal.signal(number, self._note)

    def handle(self, loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
        """Call `stop` at every request from here on, and now if one came already."""
        for number in _SIGNALS:
            loop.add_signal_handler(number, stop)
        if self.received:
            stop()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.received = True
