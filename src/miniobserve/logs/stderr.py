"""Writes log lines to stderr from a background thread: a reader that is gone, slow or stuck never delays a request.

Lines that cannot be written are dropped and counted.
"""

import sys
from collections.abc import Callable
from typing import TextIO

from miniobserve.background_sender import BackgroundSender, Limits

LIMITS = Limits(queued=10_000, batch=500, delay_s=0.05)
CLOSE_S = 2.0


class LineWriter:
    """A stream's `write` and `flush`, neither of which blocks or raises."""

    def __init__(self, stream: TextIO | None, on_dropped: Callable[[int], None] = lambda _: None) -> None:
        self._stream = stream
        self._sender: BackgroundSender[str] = BackgroundSender("stderr", LIMITS, self._write_out, on_dropped)

    def write(self, text: str) -> int:
        """Queue the text, or drop it if the queue is full."""
        self._sender.put(text)
        return len(text)

    def flush(self) -> None:
        """Do nothing: the background thread flushes after each batch."""

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def close(self) -> None:
        """Write what is queued, for CLOSE_S at most."""
        self._sender.close(CLOSE_S)

    def _write_out(self, lines: list[str]) -> bool:
        if self._stream is None:  # closed before the process started
            return False
        try:
            self._stream.write("".join(lines))
            self._stream.flush()
        except (OSError, ValueError):
            return False
        return True


def stderr_writer(on_dropped: Callable[[int], None]) -> LineWriter:
    """Return a writer to this process's stderr, if it has one."""
    return LineWriter(sys.stderr, on_dropped)
