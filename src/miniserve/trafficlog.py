"""traffic.log: appends records, one write each, and reads them back.

What a line says is records' business; which requests deserve one is the tutor's.
"""

import errno
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import msgspec

from miniserve.records import RecordError, TrafficRecord, parse_line, to_line

# What a whole or torn line begins with.
_BEGINNING = re.compile(rb'\{"schema":1,"record_id":"([0-9a-f]{32})"')
_LOSS = re.compile(rb'\{"schema":1,"lost_records":(\d+),"ts":"[0-9T:.Z-]+"\}')


@dataclass(frozen=True)
class LogContents:
    """The records of a log in file order, its torn fragments, and the records that it says were lost."""

    records: tuple[TrafficRecord, ...]
    torn: int
    lost: int = 0


class TrafficLog:
    """An append-only log: one `os.write` to an O_APPEND descriptor per record, so lines never interleave.

    A torn tail, left by a crash or a full disk, is terminated by the next line. A log that a rotator renamed or
    removed is noticed by its inode, and a fresh one begun. Raises OSError when the file cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._torn = False
        self._open()

    def append(self, record: TrafficRecord) -> None:
        """Write the record's line; after an OSError it is as good as not written, and may be appended again."""
        self._write(to_line(record))

    def append_loss(self, count: int) -> None:
        """Write a line that says how many records could not be written before."""
        self._write(msgspec.json.encode({"schema": 1, "lost_records": count, "ts": utc_now()}) + b"\n")

    def close(self) -> None:
        """Close the descriptor; appending afterwards is an error."""
        if self._torn:
            with suppress(OSError):
                os.write(self._fd, b"\n")
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, line: bytes) -> None:
        if self._rotated():
            # The fresh file first: a number that was closed may be a client's socket by the next write.
            stale = self._fd
            self._open()
            os.close(stale)
        if self._torn:
            os.write(self._fd, b"\n")
            self._torn = False
        written = os.write(self._fd, line)
        if written < len(line):
            self._torn = not self._take_back(written)
            raise OSError(errno.ENOSPC, f"{written} of {len(line)} bytes written", str(self.path))

    def _take_back(self, written: int) -> bool:
        """Remove the fragment just written, and tell whether that worked: not after another process's line."""
        end = os.lseek(self._fd, 0, os.SEEK_CUR)
        if os.fstat(self._fd).st_size != end:
            return False
        os.ftruncate(self._fd, end - written)
        return True

    def _open(self) -> None:
        # Sentences are personal: only the owner reads the log.
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        opened = os.fstat(descriptor)
        self._fd = descriptor
        self._identity = (opened.st_dev, opened.st_ino)
        self._torn = bool(opened.st_size) and os.pread(descriptor, 1, opened.st_size - 1) != b"\n"

    def _rotated(self) -> bool:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return True
        return (found.st_dev, found.st_ino) != self._identity


def utc_now() -> str:
    """Return the moment as records write it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_log(path: Path) -> LogContents:
    """Read every record of the log.

    A torn fragment is counted, not read: a last line without its newline, or the beginning of a record that stands
    whole elsewhere because the journal recovered it. Raises RecordError naming file and line number for any other
    line that is not a record, and OSError when the file cannot be read.
    """
    records: list[TrafficRecord] = []
    broken: list[tuple[bytes, RecordError]] = []
    lost = 0
    lines = path.read_bytes().split(b"\n")
    tail = lines.pop()
    for number, line in enumerate(lines, start=1):
        if loss := _LOSS.fullmatch(line):
            lost += int(loss[1])
            continue
        try:
            records.append(parse_line(line))
        except RecordError as error:
            broken.append((line, RecordError(f"{path.name} line {number}: {error}")))
    whole = {record.record_id for record in records}
    for line, refusal in broken:
        beginning = _BEGINNING.match(line)
        if beginning is None or beginning[1].decode() not in whole:
            raise refusal
    return LogContents(tuple(records), torn=len(broken) + bool(tail), lost=lost)
