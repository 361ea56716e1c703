"""Opens regular files only, and without waiting: opening a FIFO or a device could block the event loop for ever."""

import errno
import os
import stat
from pathlib import Path


class NotRegularFile(OSError):
    """A FIFO, device or socket has the place of a file of ours."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EINVAL, "not a regular file", str(path))


def open_regular(path: Path, flags: int, mode: int = 0o600) -> int:
    """Return a descriptor of a regular file; raises NotRegularFile for anything else, OSError as os.open does."""
    # O_NONBLOCK changes nothing for a regular file. A FIFO would be waited for until its other end is opened.
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device that is not there
            raise NotRegularFile(path) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularFile(path)
    return descriptor
