"""Takes a file's lock (`flock`) with a time limit; the kernel releases the lock when its holder dies."""

import errno
import fcntl
import time
from itertools import chain, repeat
from pathlib import Path

# Polled, because flock(2) has no timeout. Most locks are free again after a few yields of the core, so the first
# attempts do not sleep.
_YIELDS = 10
_RETRY_S = 0.0005


def acquire(descriptor: int, timeout_s: float, path: Path) -> None:
    """Lock the file; raises BlockingIOError if another process holds the lock for longer than timeout_s."""
    until = time.monotonic() + timeout_s
    pauses = chain(repeat(0.0, _YIELDS), repeat(_RETRY_S))
    while not _try_acquire(descriptor):
        if time.monotonic() >= until:
            raise BlockingIOError(errno.EAGAIN, "another process holds the lock", str(path))
        time.sleep(next(pauses))


def release(descriptor: int) -> None:
    """Unlock the file."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def _try_acquire(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
