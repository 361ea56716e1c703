"""Follows the end of traffic.log while servers append to it, with limits on how far back and how much at once it reads.

For watching only; read_log and the judge read whole logs.
"""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from minieval.record.line import parse_line
from minieval.record.record import LONGEST_LINE, RecordError, TrafficRecord
from minimodel.small_files import open_regular

# A late watcher starts this far from the end; one that falls behind further skips ahead.
FARTHEST_BACK: Final = 8 * 2**20
# About twenty lines: parsing them blocks the event loop for less than a millisecond.
SLICE: Final = 16 * 2**10


class LogTail:
    """Yields the records that were appended since the last read; a changed inode shows that the log was rotated.

    `skipped` counts bytes that were too far back to read, `unreadable` lines that are not records. Without a path, the
    log goes to stdout, and reading raises OSError.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._fd: int | None = None
        self._position = 0
        self._rest = b""
        self.skipped = 0
        self.unreadable = 0

    def read(self) -> Iterator[list[TrafficRecord]]:
        """Yield the new records in slices, so that the caller can let others run in between; raises OSError."""
        if self._fd is None and not self._open():
            return
        yield from self._to_the_end()
        if self._rotated():
            # The old file was read to its end above; the new one is read from its beginning.
            self.close()
            if self._open():
                yield from self._to_the_end()

    def close(self) -> None:
        """Close the file; the next read opens whatever has its name then."""
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
            # Start at the beginning of a line: skip to after the first newline.
            self._position, self._rest = size - FARTHEST_BACK, b""
            self._position += os.pread(self._fd, SLICE, self._position).find(b"\n") + 1
        while chunk := os.pread(self._fd, min(SLICE, size - self._position), self._position):
            self._position += len(chunk)
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            if len(self._rest) > LONGEST_LINE:  # not a record, and keeping it would copy it with every slice
                self._rest = b""
                self.unreadable += 1
            yield [record for line in lines if (record := self._parsed(line))]

    def _parsed(self, line: bytes) -> TrafficRecord | None:
        try:
            return parse_line(line)
        except (RecordError, OverflowError):  # the latter: an integer of 400 digits where a number is expected
            self.unreadable += 1
            return None

    def _open(self) -> bool:
        if self._path is None:
            raise OSError(errno.ENOENT, "it goes to stdout")
        try:
            self._fd = open_regular(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        return True

    def _rotated(self) -> bool:
        if self._fd is None or self._path is None:
            return False
        ours = os.fstat(self._fd)
        try:
            named = self._path.stat()
        except FileNotFoundError:
            return False
        return (ours.st_dev, ours.st_ino) != (named.st_dev, named.st_ino)
