"""traffic.log: appends records, one write each, and reads them back.

What a line says is records' business; which requests deserve one is the tutor's.
"""

import errno
import fcntl
import os
import re
import time
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, repeat
from pathlib import Path
from typing import Self

import msgspec

from miniserve.log.records import RecordError, TrafficRecord, parse_line, to_line

# What every line begins with, up to the record's id; a torn line has at least a part of it.
_BEGINNING = b'{"schema":1,"record_id":"'
_ID_CHARS = 32
# How long a turn is waited for at most where requests wait as well. A line takes microseconds, a writer that lost its
# core in the middle of one milliseconds; whoever holds the lock for longer is stopped, or an operator.
PATIENCE_S = 0.05
# Where nobody else waits: while a server starts or stops.
LONG_PATIENCE_S = 5.0
# Most turns come within some yields of the core.
_YIELDS = 10
_LOOK_AGAIN_S = 0.0005
_LOSS = re.compile(rb'\{"schema":1,"lost_records":(\d+),"ts":"[0-9T:.Z-]+"\}')


@dataclass(frozen=True)
class LogContents:
    """The records of a log in file order, its torn fragments, and the records that it says were lost."""

    records: tuple[TrafficRecord, ...]
    torn: int
    lost: int = 0


class TrafficLog:
    """An append-only log that several processes share: one `os.write` to an O_APPEND descriptor per record.

    Writers take turns (`flock`), so that what a full disk cuts short can be taken back before another line follows,
    and what a killed writer cut short is terminated first. A log that a rotator renamed or removed is noticed by its
    inode, and a fresh one begun. Raises OSError when the file cannot be opened or written, or another holds its lock
    for longer than patience_s; until the lock was had again, nobody waits for it.
    """

    def __init__(self, path: Path, patience_s: float = PATIENCE_S) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.be_patient(patience_s)
        self._open()

    def be_patient(self, seconds: float) -> None:
        """Wait so long for a turn from here on."""
        self._longest_s = self._patience_s = seconds

    def append(self, record: TrafficRecord) -> None:
        """Write the record's line; after an OSError it is as good as not written, and may be appended again."""
        self._write(to_line(record))

    def append_loss(self, count: int) -> None:
        """Write a line that says how many records could not be written before."""
        self._write(msgspec.json.encode({"schema": 1, "lost_records": count, "ts": utc_now()}) + b"\n")

    def close(self) -> None:
        """Close the descriptor; appending afterwards is an error."""
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
        with self._turn():
            before = self._end_fragment()
            written = os.write(self._fd, line)
            if written < len(line):
                with suppress(OSError):  # what stays is a fragment, which the next line terminates
                    os.ftruncate(self._fd, before)
                raise OSError(errno.ENOSPC, f"{written} of {len(line)} bytes written", str(self.path))
            self._whole_until = before + written

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Keep the other writers out for the few microseconds of a line; the kernel ends a dead writer's turn."""
        until = time.monotonic() + self._patience_s
        pauses = chain(repeat(0.0, _YIELDS), repeat(_LOOK_AGAIN_S))
        while not self._locked():
            if time.monotonic() >= until:
                self._patience_s = 0.0
                raise BlockingIOError(errno.EAGAIN, "another process holds the lock", str(self.path))
            time.sleep(next(pauses))
        self._patience_s = self._longest_s
        try:
            yield
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def _locked(self) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _end_fragment(self) -> int:
        """Terminate what another writer left unfinished, in our turn only a dead one can have; returns the size."""
        size = os.fstat(self._fd).st_size
        if size and size != self._whole_until and os.pread(self._fd, 1, size - 1) != b"\n":
            size += os.write(self._fd, b"\n")
        return size

    def _open(self) -> None:
        # Sentences are personal: only the owner reads the log.
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        opened = os.fstat(descriptor)
        self._fd = descriptor
        self._identity = (opened.st_dev, opened.st_ino)
        self._whole_until = 0  # where our last line ended; what follows it is others'

    def _rotated(self) -> bool:
        try:
            found = os.stat(self.path)  # noqa: PTH116 - half of what Path.stat costs, with every line
        except FileNotFoundError:
            return True
        return (found.st_dev, found.st_ino) != self._identity


def utc_now() -> str:
    """Return the moment as records write it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_log(path: Path) -> LogContents:
    """Read every record of the log.

    A torn fragment is counted, not read: a last line without its newline, the beginning of a record that stands whole
    elsewhere because the journal recovered it, or one too short to tell whose it is. Raises RecordError naming file
    and line number for any other line that is not a record, and OSError when the file cannot be read.
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
        if not _is_fragment(line, whole):
            raise refusal
    return LogContents(tuple(records), torn=len(broken) + bool(tail), lost=lost)


def wanted_ids(log: Path, wanted: Set[str]) -> set[str]:
    """Return which of the record ids have a whole line in the log; raises OSError when it cannot be read."""
    found: set[str] = set()
    if not wanted:
        return found
    with suppress(FileNotFoundError), log.open("rb") as file:  # a rotator may have taken it
        for line in file:
            # Parsing is for those few lines; a log may have millions.
            if line[len(_BEGINNING) :][:_ID_CHARS].decode("ascii", "replace") in wanted:
                with suppress(RecordError):  # a fragment is no line, so what it began to say is still lacking
                    found.add(parse_line(line).record_id)
    return found & wanted


def _is_fragment(line: bytes, whole: Set[str]) -> bool:
    """Tell whether a broken line is the beginning of one of the whole records, as far as it says.

    No reply of a request stands behind a fragment that nobody recovered: the journal or the line itself is written
    before the reply leaves.
    """
    if len(line) <= len(_BEGINNING):
        return bool(line) and _BEGINNING.startswith(line)
    beginning, record_id = line[: len(_BEGINNING)], line[len(_BEGINNING) :][:_ID_CHARS].decode("ascii", "replace")
    return beginning == _BEGINNING and any(known.startswith(record_id) for known in whole)
