"""Ends a command cleanly on Ctrl-C and SIGTERM: one line on stderr, no traceback, no temporary folder left behind."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class _Stopped(BaseException):
    """A signal asked the command to stop. No Exception, so that nothing on the way takes it for an error."""


def run_stoppable(program: str, work: Callable[[], int]) -> int:
    """Return what the work returns, or 128 plus the signal's number if Ctrl-C or SIGTERM stopped it.

    Must be called in the main thread. By default SIGTERM ends Python without unwinding, which leaves temporary folders;
    here it raises, so every `with` on the way is left.
    """
    received: list[int] = []
    with _raising(program, received):
        try:
            return work()
        except BaseException:
            # DuckDB reports an interrupted query as an error of its own, so ask for the signal, not for the exception.
            if not received:
                raise
    return 128 + received[0]


@contextmanager
def _raising(program: str, received: list[int]) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        # At once, because a running query takes seconds to stop; unbuffered, because print is not reentrant.
        os.write(2, f"{program}: stopped by {signal.Signals(number).name}\n".encode())
        for name in _SIGNALS:
            signal.signal(name, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the cleaning up
        raise _Stopped

    before = {name: signal.signal(name, stop) for name in _SIGNALS}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
