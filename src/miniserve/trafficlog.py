"""traffic.log: appends records, one write each, and reads them back.

What a line says is records' business; which requests deserve one is the tutor's.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from miniserve.records import RecordError, TrafficRecord, parse_line, to_line


@dataclass(frozen=True)
class LogContents:
    """The records of a log in file order, and how many torn fragments (0 or 1) stood at its end."""

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

    A last line without its newline is a torn tail: counted, not read. Raises RecordError naming file and line
    number for any other line that is not a record, and OSError when the file cannot be read.
    """
    lines = path.read_bytes().split(b"\n")
    tail = lines.pop()
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            records.append(parse_line(line))
        except RecordError as error:
            raise RecordError(f"{path.name} line {number}: {error}") from error
    return LogContents(tuple(records), torn=1 if tail else 0)
