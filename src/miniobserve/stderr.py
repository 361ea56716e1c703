"""Lines to stderr from a thread of their own: a reader that is gone, slow or full never holds a request up.

What cannot be written is dropped and counted.
"""

import queue
import sys
import threading
from collections.abc import Callable
from typing import TextIO

WAITING_LINES = 10_000
# Lines that are written together. Waking a thread for each would cost a request more than making its line.
CHUNK_LINES = 500
GATHERING_S = 0.05
CLOSE_S = 2.0


class LineWriter:
    """Has the `write` and `flush` of a stream; writing returns at once and raises nothing."""

    def __init__(self, stream: TextIO | None, on_dropped: Callable[[int], None] = lambda _: None) -> None:
        self._stream = stream
        self._on_dropped = on_dropped
        self._lines: queue.Queue[str | None] = queue.Queue(WAITING_LINES)
        self._closing = threading.Event()
        # A daemon: a stream that blocks for ever must not keep the process alive.
        self._thread = threading.Thread(target=self._drain, name="stderr", daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        """Hand the text over, or drop it when too much is waiting."""
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self._on_dropped(1)
        return len(text)

    def flush(self) -> None:
        """Nothing to do: the thread flushes what it wrote."""

    def isatty(self) -> bool:
        """Tell whether people are reading."""
        return self._stream is not None and self._stream.isatty()

    def close(self) -> None:
        """Give what is waiting a moment to be written."""
        self._closing.set()
        try:
            self._lines.put(None, timeout=CLOSE_S)
        except queue.Full:
            return
        self._thread.join(CLOSE_S)

    def _drain(self) -> None:
        over = False
        while not over:
            chunk = [self._lines.get()]
            if self._lines.qsize() < CHUNK_LINES:
                self._closing.wait(GATHERING_S)
            while len(chunk) < CHUNK_LINES:
                try:
                    chunk.append(self._lines.get_nowait())
                except queue.Empty:
                    break
            over = None in chunk
            self._write_out([line for line in chunk if line is not None])

    def _write_out(self, lines: list[str]) -> None:
        if not lines:
            return
        if self._stream is None:  # closed before the process started
            self._on_dropped(len(lines))
            return
        try:
            self._stream.write("".join(lines))
            self._stream.flush()
        except (OSError, ValueError):
            self._on_dropped(len(lines))


def stderr_writer(on_dropped: Callable[[int], None]) -> LineWriter:
    """Return a writer to this process's stderr, if it has one."""
    return LineWriter(sys.stderr, on_dropped)
