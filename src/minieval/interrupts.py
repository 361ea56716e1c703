"""Ends a command cleanly on Ctrl-C and SIGTERM: one line on stderr, no traceback, no temporary folder left behind."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class _Stopped(BaseException):
    """A signal stopped the command. It is a BaseException, so that no `except Exception` on the way catches it."""


def run_stoppable(program: str, work: Callable[[], int]) -> int:
    """Return the result of `work`, or 128 plus the signal's number if Ctrl-C or SIGTERM stopped it.

    Must be called in the main thread. By default SIGTERM ends Python without unwinding, which leaves temporary folders
    behind. Here it raises, so every context manager exits.
    """
    received: list[int] = []
    with _raising(program, received):
        try:
            return work()
        except BaseException:
            # DuckDB reports an interrupted query as its own error, so check for the signal, not for _Stopped.
            if not received:
                raise
    return 128 + received[0]


@contextmanager
def _raising(program: str, received: list[int]) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        # Report at once, because a running query takes seconds to stop. os.write, because print is not reentrant.
        os.write(2, f"{program}: stopped by {signal.Signals(number).name}\n".encode())
        for name in _SIGNALS:
            signal.signal(name, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the clean-up
        raise _Stopped

    before = {name: signal.signal(name, stop) for name in _SIGNALS}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
