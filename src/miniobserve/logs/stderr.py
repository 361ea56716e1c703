"""Lines to stderr from a thread of their own: a reader that is gone, slow or full never holds a request up.

What cannot be written is dropped and counted.
"""

import sys
from collections.abc import Callable
from typing import TextIO

from miniobserve.outbox import Outbox, Pace

PACE = Pace(limit=10_000, batch=500, gather_s=0.05)
CLOSE_S = 2.0


class LineWriter:
    """Has the `write` and `flush` of a stream; writing returns at once and raises nothing."""

    def __init__(self, stream: TextIO | None, on_dropped: Callable[[int], None] = lambda _: None) -> None:
        self._stream = stream
        self._outbox: Outbox[str] = Outbox("stderr", PACE, self._write_out, on_dropped)

    def write(self, text: str) -> int:
        """Hand the text over, or drop it when too much is waiting."""
        self._outbox.put(text)
        return len(text)

    def flush(self) -> None:
        """Nothing to do: the thread flushes what it wrote."""

    def isatty(self) -> bool:
        """Tell whether people are reading."""
        return self._stream is not None and self._stream.isatty()

    def close(self) -> None:
        """Give what is waiting a moment to be written."""
        self._outbox.close(CLOSE_S)

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
