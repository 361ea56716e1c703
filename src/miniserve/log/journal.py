"""The journal: the lines that traffic.log would lack if this process died now.

A request whose shadow still runs has been answered, but its line is not written yet. Before the reply leaves, a line
with B as `interrupted` goes into a journal file of this process. Once the real line is written, a mark settles the
entry. The next process to start appends unsettled entries of dead processes to traffic.log.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from minieval.record.line import parse_line, to_line
from minieval.record.record import RecordError, TrafficRecord
from minimodel.small_files import UnusableFile, open_regular
from miniserve.log.file_lock import acquire
from miniserve.log.traffic_log import LONG_LOCK_TIMEOUT_S, Log

_log = structlog.get_logger()
# A larger file gets no new entries, and is removed once all of its entries are settled.
GENERATION_BYTES = 4 * 2**20
_LOCK_FILE = "recovery.lock"
# A mark is this and a record id. Without marks, recovery would write settled entries again after a log rotation.
_MARK = b"-"


class _Generation:
    """One file of the journal; its lock is held for as long as its process lives."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unsettled = 0
        self.size = 0
        self._torn = False
        # Lock the file before giving it the name that recoveries look for, or one of them could take it for abandoned.
        nameless = path.with_suffix(".new")
        self._fd = os.open(nameless, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        nameless.rename(path)

    def append(self, line: bytes) -> None:
        """Write a line. Raises OSError if a full disk cut it short; the next call then ends the fragment first."""
        if self._torn:
            line = b"\n" + line
        written = os.write(self._fd, line)
        self.size += written
        self._torn = written < len(line)
        if self._torn:
            raise OSError(errno.ENOSPC, f"{written} of {len(line)} bytes written", str(self.path))

    def empty(self) -> None:
        """Truncate the file to nothing, and keep it."""
        os.ftruncate(self._fd, 0)
        self.size, self._torn = 0, False

    @property
    def gone(self) -> bool:
        """Whether the file was removed, so that no recovery would find it."""
        return os.fstat(self._fd).st_nlink == 0

    def abandon(self) -> None:
        """Unlock the file and leave it to a recovery."""
        os.close(self._fd)

    def remove(self) -> None:
        """Remove the file, because nothing in it is needed any more."""
        # Before the descriptor is closed, which unlocks the file: a recovery must not see it unlocked.
        self.path.unlink(missing_ok=True)
        os.close(self._fd)


class Journal:
    """The journal of this process. Entries may be settled in any order; only files with unsettled entries are kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0
        self._current = self._next_generation()
        self._entries: dict[str, _Generation] = {}

    def open_entry(self, line_if_killed: TrafficRecord) -> None:
        """Write the line that a recovery appends if this process dies before `settle`.

        Raises OSError if the line was not written, RecordError if it cannot be.
        """
        if self._current.size >= GENERATION_BYTES:
            self._begin_another()
        self._append(to_line(line_if_killed))
        self._current.unsettled += 1
        self._entries[line_if_killed.record_id] = self._current

    def settle(self, record_id: str) -> None:
        """Mark the entry as settled, because its real line is in traffic.log. An id without an entry is ignored."""
        generation = self._entries.pop(record_id, None)
        if generation is not None:
            generation.unsettled -= 1
            if not self._retire(generation):
                with suppress(OSError):  # without a mark, a recovery looks the entry up in the log
                    generation.append(_MARK + record_id.encode() + b"\n")

    def probe(self) -> None:
        """Raise OSError if an entry could not be written now."""
        self._append(_MARK + b"\n")

    def make_room(self) -> None:
        """Free the disk space of the file if all of its entries are settled; raises OSError."""
        if not self._current.unsettled:
            self._current.empty()

    def holds(self, record_id: str) -> bool:
        """Return whether the next start would recover this record."""
        return record_id in self._entries

    def __len__(self) -> int:
        """How many entries are not settled."""
        return len(self._entries)

    def close(self) -> None:
        """Remove the files whose entries are all settled, and unlock the others for the next start to recover."""
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
        """Remove the file if nothing in it is needed any more; returns whether it did."""
        if generation is self._current or generation.unsettled:
            return False
        generation.remove()
        return True

    def _next_generation(self) -> _Generation:
        self._made += 1
        self._folder.mkdir(parents=True, exist_ok=True)
        return _Generation(self._folder / f"{os.getpid()}-{os.urandom(4).hex()}-{self._made}.jsonl")


def recover(folder: Path, log: Log) -> int:
    """Append the unsettled entries of dead processes to the log and remove their journals; returns the number of lines.

    Safe next to live servers and other recoveries: a live process's files are locked, and a recovery takes a lock too.
    A torn entry at the end of a file is skipped, because its reply had not left. Anything but a regular file is left
    alone.
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


def _append_missing(journal: bytes, log: Log) -> int:
    entries: dict[str, TrafficRecord] = {}
    for line in journal.split(b"\n"):
        if line.startswith(_MARK):
            entries.pop(line[len(_MARK) :].decode("ascii", "replace"), None)
            continue
        with suppress(RecordError):
            entry = parse_line(line)
            entries[entry.record_id] = entry
    for record_id in log.ids_present(entries.keys()):
        del entries[record_id]
    for entry in entries.values():
        log.append(entry)
    return len(entries)


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    descriptor = open_regular(path, os.O_RDWR | os.O_CREAT)
    try:
        acquire(descriptor, LONG_LOCK_TIMEOUT_S, path)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _abandoned(path: Path) -> Iterator[bytes | None]:
    """Yield the content of a dead process's journal file, with its lock held; None if there is nothing to recover."""
    try:
        file = os.fdopen(open_regular(path, os.O_RDONLY), "rb")
    except FileNotFoundError:  # removed by its process
        yield None
        return
    except UnusableFile as error:  # no journal of ours, so it is neither read nor removed
        _log.warning("journal file ignored", file=str(path), reason=error.strerror)
        yield None
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # its process lives
            yield None
            return
        # A file without a name was removed by its process after we opened it and before we locked it.
        yield file.read() if os.fstat(file.fileno()).st_nlink else None
