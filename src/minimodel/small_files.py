"""Small files that other programs may change at any time: read without waiting and within a bound, replaced whole."""

import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path


class UnusableFile(OSError):
    """The path leads to something that is not a small regular file; `strerror` says what was found and expected."""


@dataclass(frozen=True)
class FileVersion:
    """One content of a file. Two versions are equal if nobody changed the file in between.

    Size and modification time do not tell versions apart: `cp -p` keeps both. The change time cannot be set by a
    program, but its resolution is a tick of the kernel (4 ms), so the content is compared as well.
    """

    inode: int
    changed_ns: int
    content: bytes


def read_version(path: Path, max_bytes: int) -> FileVersion:
    """Read a regular file; raises FileNotFoundError, UnusableFile, or another OSError.

    Opening a pipe without O_NONBLOCK would wait until somebody opens its other end.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise UnusableFile(0, "not a regular file")
        # The size is checked first, so that a file of gigabytes is not read; then the bytes, as the file may grow.
        if found.st_size > max_bytes:
            raise UnusableFile(0, f"over {max_bytes} bytes")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise UnusableFile(0, f"over {max_bytes} bytes")
    finally:
        os.close(descriptor)
    return FileVersion(found.st_ino, found.st_ctime_ns, content)


def replace_file(path: Path, content: bytes) -> None:
    """Replace the file's content atomically, by a rename, and keep its mode; a symbolic link keeps its target."""
    target = path.resolve()
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
