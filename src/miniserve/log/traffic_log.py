"""traffic.log: appends records, one write each, and reads them back.

What a line says is defined in minieval.record; which requests get one is decided in serve.py.
"""

import errno
import os
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol, Self

from minieval.record.line import ID_DIGITS, OPENING, begun_id, loss_line, lost_records, parse_line, to_line
from minieval.record.record import RecordError, TrafficRecord
from minimodel.small_files import open_regular
from miniserve.log.file_lock import acquire, release

# How long to wait for the lock on the request path. Writing a line takes microseconds, or milliseconds if the writer is
# preempted meanwhile. Whatever holds the lock for longer is stopped in a debugger, or an operator's `flock`.
LOCK_TIMEOUT_S: Final = 0.05
# How long to wait when no request is waiting: while a server starts or stops.
LONG_LOCK_TIMEOUT_S: Final = 5.0


class Log(Protocol):
    """Where records go: a file (TrafficLog) or stdout (StdoutLog)."""

    def append(self, record: TrafficRecord) -> None:
        """Write the record's line; raises OSError if it was not written, and RecordError if it cannot be."""

    def append_line(self, line: bytes) -> None:
        """Write a line of `to_line`; raises OSError if it was not written."""

    def append_loss(self, count: int) -> None:
        """Write a line that says how many records could not be written; raises OSError if it was not written."""

    def ids_present(self, wanted: Set[str]) -> set[str]:
        """Return which of the record ids already have a whole line; raises OSError if the log cannot be read."""

    def set_lock_timeout(self, seconds: float) -> None:
        """Wait for at most that long for other writers from now on."""

    def close(self) -> int:
        """Close, and return how many appended lines are neither written nor counted as lost."""


@dataclass(frozen=True)
class LogContents:
    """The records of a log in file order, its torn fragments, and the records that it says were lost."""

    records: tuple[TrafficRecord, ...]
    torn: int
    lost: int = 0


class TrafficLog:
    """An append-only log that several processes share: one `os.write` to an O_APPEND descriptor per record.

    Each write holds the file's lock. So a line that a full disk cuts short is removed before the next one, and a
    fragment that a killed writer left gets its newline first. If the log was renamed or removed, its inode differs and
    a new file is started. Raises OSError if the file is not a regular one, cannot be opened or written, or if another
    process holds its lock for longer than lock_timeout_s. After that, writes do not wait for the lock until one of them
    has got it at once.
    """

    def __init__(self, path: Path, lock_timeout_s: float = LOCK_TIMEOUT_S) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.set_lock_timeout(lock_timeout_s)
        self._open()

    def set_lock_timeout(self, seconds: float) -> None:
        """Wait for at most that long for the lock from now on."""
        self._configured_timeout_s = self._lock_timeout_s = seconds

    def append(self, record: TrafficRecord) -> None:
        """Write the record's line; after an OSError nothing of it stays in the log, so it may be appended again."""
        self.append_line(to_line(record))

    def append_line(self, line: bytes) -> None:
        """Write a line; after an OSError nothing of it stays in the log, so it may be appended again."""
        if self._rotated():
            # Open the new file first. If that fails, a closed descriptor's number could be a client's socket by the
            # next write.
            stale = self._fd
            self._open()
            os.close(stale)
        with self._lock():
            before = self._end_fragment()
            written = os.write(self._fd, line)
            if written < len(line):
                with suppress(OSError):  # otherwise a fragment stays, and the next write ends it
                    os.ftruncate(self._fd, before)
                raise OSError(errno.ENOSPC, f"{written} of {len(line)} bytes written", str(self.path))
            self._whole_until = before + written

    def append_loss(self, count: int) -> None:
        """Write a line that says how many records could not be written before."""
        self.append_line(loss_line(count, utc_now()))

    def ids_present(self, wanted: Set[str]) -> set[str]:
        """Return which of the record ids have a whole line in the log; raises OSError if it cannot be read."""
        return _ids_present(self.path, wanted)

    def close(self) -> int:
        """Close the descriptor; appending afterwards is an error. Returns 0, because append waits for the write."""
        os.close(self._fd)
        return 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Keep other writers out for the few microseconds that a line takes."""
        try:
            acquire(self._fd, self._lock_timeout_s, self.path)
        except BlockingIOError:
            # One request has waited in vain. If each did, the event loop would block for as long as the lock is held.
            self._lock_timeout_s = 0.0
            raise
        self._lock_timeout_s = self._configured_timeout_s
        try:
            yield
        finally:
            release(self._fd)

    def _end_fragment(self) -> int:
        """End a line that another writer left unfinished, and return the size; we hold the lock, so that one died."""
        size = os.fstat(self._fd).st_size
        if size and size != self._whole_until and os.pread(self._fd, 1, size - 1) != b"\n":
            size += os.write(self._fd, b"\n")
        return size

    def _open(self) -> None:
        # Sentences are personal, so only the owner may read the log.
        descriptor = open_regular(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        opened = os.fstat(descriptor)
        self._fd = descriptor
        self._identity = (opened.st_dev, opened.st_ino)
        self._whole_until = 0  # where our last line ended; anything beyond it is from other writers

    def _rotated(self) -> bool:
        try:
            found = os.stat(self.path)  # noqa: PTH116 - once a line, and Path.stat takes twice as long
        except FileNotFoundError:
            return True
        return (found.st_dev, found.st_ino) != self._identity


def utc_now() -> str:
    """Return the current time in the format of the records."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_log(path: Path) -> LogContents:
    """Read every record of the log.

    Torn fragments are counted, not read: a last line without its newline, and the lines that begun_id recognises as
    torn. Raises RecordError, with file and line number, for any other line that is not a record, and OSError if the
    file cannot be read.
    """
    records: list[TrafficRecord] = []
    broken: list[tuple[bytes, RecordError]] = []
    lost = 0
    lines = path.read_bytes().split(b"\n")
    tail = lines.pop()
    for number, line in enumerate(lines, start=1):
        if (count := lost_records(line)) is not None:
            lost += count
            continue
        try:
            records.append(parse_line(line))
        except RecordError as error:
            broken.append((line, RecordError(f"{path.name} line {number}: {error}")))
    whole = {record.record_id for record in records}
    for line, refusal in broken:
        begun = begun_id(line)
        if begun is None or (begun and not any(known.startswith(begun) for known in whole)):
            raise refusal
    return LogContents(tuple(records), torn=len(broken) + bool(tail), lost=lost)


def _ids_present(log: Path, wanted: Set[str]) -> set[str]:
    found: set[str] = set()
    if not wanted:
        return found
    # The log may just have been rotated away.
    with suppress(FileNotFoundError), os.fdopen(open_regular(log, os.O_RDONLY), "rb") as file:
        for line in file:
            # Parse only the few lines that matter; a log may have millions.
            if line[len(OPENING) :][:ID_DIGITS].decode("ascii", "replace") in wanted:
                with suppress(RecordError):  # a fragment does not count, so its record is still missing
                    found.add(parse_line(line).record_id)
    return found & wanted
