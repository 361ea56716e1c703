"""Files that other programs may change at any time: opened without waiting, read within a bound."""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path


class UnusableFile(OSError):
    """The path leads to something other than a (small) regular file; `strerror` says what was found."""


@dataclass(frozen=True)
class FileVersion:
    """One content of a file. Two versions are equal if nobody changed the file in between.

    Size and modification time do not tell versions apart: `cp -p` keeps both. The change time cannot be set by a
    program, but its resolution is a tick of the kernel (4 ms), so the content is compared as well.
    """

    inode: int
    changed_ns: int
    content: bytes


def open_regular(path: Path, flags: int, mode: int = 0o600) -> int:
    """Return a descriptor of a regular file; raises UnusableFile for anything else, OSError as os.open does."""
    # O_NONBLOCK changes nothing for a regular file. A FIFO would be waited for until its other end is opened.
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device that is not there
            raise UnusableFile(errno.EINVAL, "not a regular file", str(path)) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnusableFile(errno.EINVAL, "not a regular file", str(path))
    return descriptor


def read_version(path: Path, max_bytes: int) -> FileVersion:
    """Read a regular file; raises FileNotFoundError, UnusableFile (also beyond max_bytes), or another OSError."""
    with os.fdopen(open_regular(path, os.O_RDONLY), "rb") as file:
        found = os.fstat(file.fileno())
        # The size is checked first, so that a file of gigabytes is not read; then the bytes, as the file may grow.
        content = file.read(max_bytes + 1) if found.st_size <= max_bytes else b""
    if max(found.st_size, len(content)) > max_bytes:
        raise UnusableFile(errno.EFBIG, f"over {max_bytes} bytes", str(path))
    return FileVersion(found.st_ino, found.st_ctime_ns, content)
