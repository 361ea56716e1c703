"""traffic.log: appends records, one write each, and reads them back.

What a line says is records' business; which requests deserve one is the tutor's.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from miniserve.records import RecordError, TrafficRecord, parse_line, to_line

# What a whole or torn line begins with.
_BEGINNING = re.compile(rb'\{"schema":1,"record_id":"([0-9a-f]{32})"')


@dataclass(frozen=True)
class LogContents:
    """The records of a log in file order, and how many torn fragments stood between or after them."""

    records: tuple[TrafficRecord, ...]
    torn: int


class TrafficLog:
    """An append-only log: one `os.write` to an O_APPEND descriptor per record, so lines never interleave.

    Opening terminates a tail that a crash left torn. Raises OSError when the file cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        # Sentences are personal: only the owner reads the log.
        self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        size = os.fstat(self._fd).st_size
        if size and os.pread(self._fd, 1, size - 1) != b"\n":
            os.write(self._fd, b"\n")

    def append(self, record: TrafficRecord) -> None:
        """Write the record's line; what a short write left is written after it."""
        rest = memoryview(to_line(record))
        while rest:
            rest = rest[os.write(self._fd, rest) :]

    def close(self) -> None:
        """Close the descriptor; appending afterwards is an error."""
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_log(path: Path) -> LogContents:
    """Read every record of the log.

    A torn fragment is counted, not read: a last line without its newline, or the beginning of a record that stands
    whole elsewhere because the journal recovered it. Raises RecordError naming file and line number for any other
    line that is not a record, and OSError when the file cannot be read.
    """
    records: list[TrafficRecord] = []
    broken: list[tuple[bytes, RecordError]] = []
    lines = path.read_bytes().split(b"\n")
    tail = lines.pop()
    for number, line in enumerate(lines, start=1):
        try:
            records.append(parse_line(line))
        except RecordError as error:
            broken.append((line, RecordError(f"{path.name} line {number}: {error}")))
    whole = {record.record_id for record in records}
    for line, refusal in broken:
        beginning = _BEGINNING.match(line)
        if beginning is None or beginning[1].decode() not in whole:
            raise refusal
    return LogContents(tuple(records), torn=len(broken) + bool(tail))
