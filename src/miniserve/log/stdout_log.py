"""The traffic log on stdout, for setups that collect logs from there (LYNX_TRAFFIC_LOG=-).

A background thread writes, so a slow or missing reader never blocks the event loop. Lines that do not fit into the
queue are dropped and counted. Lines of up to 4,096 bytes are not mixed with those of other processes (PIPE_BUF).
"""

import os
import select
from collections.abc import Callable, Set
from typing import Final, Self

from minieval.record.line import loss_line, to_line
from minieval.record.record import TrafficRecord
from miniobserve.background_sender import BackgroundSender, Limits
from miniserve.log.traffic_log import utc_now

STDOUT_DESCRIPTOR: Final = 1
# Batching delays a line by at most 10 ms, and a `kill -9` loses the lines of the last 10 ms.
LIMITS: Final = Limits(queued=10_000, batch=500, delay_s=0.01)
CLOSE_S: Final = 2.0


class StdoutLog:
    """Has the methods of a TrafficLog; appending returns at once and raises no OSError."""

    def __init__(self, on_dropped: Callable[[int], None], descriptor: int = STDOUT_DESCRIPTOR) -> None:
        self._descriptor = descriptor
        self._on_dropped = on_dropped
        self._torn = False
        self._handed_over = 0  # counted by the thread that appends
        self._done = 0  # counted by the thread that writes: written, or counted as lost
        self._sender: BackgroundSender[bytes] = BackgroundSender("traffic log", LIMITS, self._write_all, self._refused)

    def append(self, record: TrafficRecord) -> None:
        """Hand over the record's line."""
        self.append_line(to_line(record))

    def append_line(self, line: bytes) -> None:
        """Hand over a line, or drop it if too many are waiting."""
        self._handed_over += 1
        self._sender.put(line)

    def append_loss(self, count: int) -> None:
        """Hand over a line that says how many records could not be written."""
        self.append_line(loss_line(count, utc_now()))

    def ids_present(self, wanted: Set[str]) -> set[str]:
        """Return no ids, because stdout cannot be read back."""
        return set()

    def set_lock_timeout(self, seconds: float) -> None:
        """Do nothing: stdout has no lock."""

    def close(self) -> int:
        """Wait up to CLOSE_S for the waiting lines to be written; returns how many still are not."""
        self._sender.close(CLOSE_S)
        return self._handed_over - self._done

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _refused(self, count: int) -> None:
        """Count lines that the queue had no room for."""
        self._handed_over -= count
        self._on_dropped(count)

    def _write_all(self, lines: list[bytes]) -> bool:
        """Write each line with a separate call and count those that fail; returns True, as all are accounted for."""
        for line in lines:
            try:
                self._write(line)
            except OSError:
                self._on_dropped(1)
            self._done += 1
        return True

    def _write(self, line: bytes) -> None:
        # End the fragment of a line that an error cut short, so that the reader loses one line and not two.
        rest = memoryview(b"\n" + line if self._torn else line)
        while rest:
            try:
                written = os.write(self._descriptor, rest)
            except BlockingIOError:  # another process may have made the shared stdout non-blocking
                select.select([], [self._descriptor], [])
                continue
            rest = rest[written:]
            self._torn = bool(rest)
