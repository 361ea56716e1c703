"""The journal: what traffic.log would lack if this process died now.

A request whose shadow still runs has been answered, but its line is not written yet. Before the reply leaves, the line
as it would read then (B `interrupted`) goes into a journal file of this process; once the real line is written, a
mark settles the entry. Whoever starts next appends to traffic.log what it lacks of the journals of dead processes.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from miniserve.log.records import RecordError, TrafficRecord, parse_line, to_line
from miniserve.log.traffic_log import TrafficLog, wanted_ids

# A file that outgrows this is followed by another, and removed once every entry in it is settled.
GENERATION_BYTES = 4 * 2**20
_LOCK_FILE = "recovery.lock"
# A mark is this and a record id. Without marks, a rotator that took the log away would make settled entries look lost.
_MARK = b"-"


class _Generation:
    """One file of the journal, locked as long as its process lives."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unsettled = 0
        self.size = 0
        self._torn = False
        # Locked before it has the name that a recovery looks for, so that none takes it for abandoned.
        nameless = path.with_suffix(".new")
        self._fd = os.open(nameless, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        nameless.rename(path)

    def append(self, line: bytes) -> None:
        """Write a line; one that a full disk tears is ended before the next, and raises OSError."""
        if self._torn:
            line = b"\n" + line
        written = os.write(self._fd, line)
        self.size += written
        self._torn = written < len(line)
        if self._torn:
            raise OSError(errno.ENOSPC, f"{written} of {len(line)} bytes written", str(self.path))

    @property
    def gone(self) -> bool:
        """Whether somebody removed the file, so that no recovery would find it."""
        return os.fstat(self._fd).st_nlink == 0

    def abandon(self) -> None:
        """Leave the file to whoever recovers it."""
        os.close(self._fd)

    def remove(self) -> None:
        """Remove the file: nothing in it is needed any more."""
        self.path.unlink(missing_ok=True)
        os.close(self._fd)


class Journal:
    """The journal of this process. Entries are settled in any order; files are bounded by what is unsettled."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0
        self._current = self._next_generation()
        self._entries: dict[str, _Generation] = {}

    def open_entry(self, line_if_killed: TrafficRecord) -> None:
        """Note the line that stands for this record if the process dies before `settle`; raises OSError."""
        if self._current.size >= GENERATION_BYTES:
            self._begin_another()
        self._append(to_line(line_if_killed))
        self._current.unsettled += 1
        self._entries[line_if_killed.record_id] = self._current

    def settle(self, record_id: str) -> None:
        """Forget the entry: its real line is in traffic.log. An id that has none is left alone."""
        generation = self._entries.pop(record_id, None)
        if generation is not None:
            generation.unsettled -= 1
            if not self._retire(generation):
                with suppress(OSError):  # unmarked, the entry is looked up in the log
                    generation.append(_MARK + record_id.encode() + b"\n")

    def probe(self) -> None:
        """Raise OSError if an entry could not be written now."""
        self._append(_MARK + b"\n")

    def holds(self, record_id: str) -> bool:
        """Tell whether the next start would recover this record."""
        return record_id in self._entries

    def __len__(self) -> int:
        """How many entries are not settled."""
        return len(self._entries)

    def close(self) -> None:
        """Remove the files whose entries are settled; the others are left, unlocked, for the next start to recover."""
        for generation in {self._current, *self._entries.values()}:
            if generation.unsettled:
                generation.abandon()
            else:
                generation.remove()

    def _append(self, line: bytes) -> None:
        if self._current.gone:
            self._begin_another()
        self._current.append(line)

    def _begin_another(self) -> None:
        full, self._current = self._current, self._next_generation()
        self._retire(full)

    def _retire(self, generation: _Generation) -> bool:
        """Remove a file that nothing needs any more, and tell whether it was one."""
        if generation is self._current or generation.unsettled:
            return False
        generation.remove()
        return True

    def _next_generation(self) -> _Generation:
        self._made += 1
        self._folder.mkdir(parents=True, exist_ok=True)
        return _Generation(self._folder / f"{os.getpid()}-{os.urandom(4).hex()}-{self._made}.jsonl")


def recover(folder: Path, log: TrafficLog) -> int:
    """Append to the log what it lacks of dead processes' journals, and remove them; returns how many lines.

    Safe beside live servers and other recoveries: a live process's files are locked, recoveries take turns. A torn
    entry at a file's end is left out: it was being written, so its reply had not left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _exclusive(folder / _LOCK_FILE):
        recovered = 0
        for path in sorted(folder.glob("*.jsonl")):
            with _abandoned(path) as content:
                if content is not None:
                    recovered += _append_missing(content, log)
                    path.unlink()
        return recovered


def _append_missing(journal: bytes, log: TrafficLog) -> int:
    entries: dict[str, TrafficRecord] = {}
    for line in journal.split(b"\n"):
        if line.startswith(_MARK):
            entries.pop(line[len(_MARK) :].decode("ascii", "replace"), None)
            continue
        with suppress(RecordError):
            entry = parse_line(line)
            entries[entry.record_id] = entry
    for record_id in wanted_ids(log.path, entries.keys()):
        del entries[record_id]
    for entry in entries.values():
        log.append(entry)
    return len(entries)


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _abandoned(path: Path) -> Iterator[bytes | None]:
    """Give the content of a journal file whose process is gone, and hold its lock; None if it lives or tidied up."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield None
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        # Without a name any more, its process removed it between our opening and our locking.
        yield file.read() if os.fstat(file.fileno()).st_nlink else None
