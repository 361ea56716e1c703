"""Follows the end of traffic.log while others append to it, bounded in how far back it goes and how much it takes.

Evidence is read whole by trafficlog; this is for whoever only wants to watch.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from miniserve.log.records import RecordError, TrafficRecord, parse_line

# A watcher who comes late begins that far from the end, and is never further behind.
FARTHEST_BACK: Final = 8 * 2**20
# About twenty lines: parsing them keeps an event loop for less than a millisecond.
SLICE: Final = 16 * 2**10


class LogTail:
    """Yields the records that were appended since it was last read; a rotated or removed log is noticed by its inode.

    `skipped` counts bytes that were too far back to read, `unreadable` lines that are no record.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None
        self._position = 0
        self._rest = b""
        self.skipped = 0
        self.unreadable = 0

    def read(self) -> Iterator[list[TrafficRecord]]:
        """Yield what is there by slices, so that the reader can let others run between them; raises OSError."""
        if self._fd is None and not self._open():
            return
        yield from self._to_the_end()
        if self._rotated():
            # What was appended until the name moved is read above; the fresh file from its beginning.
            self.close()
            if self._open():
                yield from self._to_the_end()

    def close(self) -> None:
        """Let go of the file; reading again begins with what has its name then."""
        if self._fd is not None:
            os.close(self._fd)
        self._fd, self._position, self._rest = None, 0, b""

    def _to_the_end(self) -> Iterator[list[TrafficRecord]]:
        if self._fd is None:
            return
        size = os.fstat(self._fd).st_size
        if size < self._position:  # truncated in place
            self._position, self._rest = 0, b""
        if size - self._position > FARTHEST_BACK:
            self.skipped += size - self._position - FARTHEST_BACK
            # From a line's beginning: what stands before the first newline is somebody's second half.
            self._position, self._rest = size - FARTHEST_BACK, b""
            self._position += os.pread(self._fd, SLICE, self._position).find(b"\n") + 1
        while chunk := os.pread(self._fd, min(SLICE, size - self._position), self._position):
            self._position += len(chunk)
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            yield [record for line in lines if (record := self._parsed(line))]

    def _parsed(self, line: bytes) -> TrafficRecord | None:
        try:
            return parse_line(line)
        except (RecordError, OverflowError):  # the latter: an integer of 400 digits where a number is expected
            self.unreadable += 1
            return None

    def _open(self) -> bool:
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        return True

    def _rotated(self) -> bool:
        if self._fd is None:
            return False
        ours = os.fstat(self._fd)
        try:
            named = self._path.stat()
        except FileNotFoundError:
            return False
        return (ours.st_dev, ours.st_ino) != (named.st_dev, named.st_ino)
