"""SIGTERM and SIGINT: recorded from the first line of the program, handled once there is something to stop.

Standard library only, and little of it, because this is imported first; importing the rest takes half a second.
"""

import asyncio
import signal
from collections.abc import Callable
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopRequest:
    """Records whether this process was asked to stop, and calls a function for it from `handle` on."""

    def __init__(self) -> None:
        self.received = False
        for number in _SIGNALS:
            signal.signal(number, self._record)

    def handle(self, loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
        """Call `stop` on every signal from now on, and at once if one has already arrived."""
        for number in _SIGNALS:
            loop.add_signal_handler(number, stop)
        # Checked after the handlers are in place, so that no signal falls in between.
        if self.received:
            stop()

    def _record(self, _number: int, _frame: FrameType | None) -> None:
        self.received = True
