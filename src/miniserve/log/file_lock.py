"""Takes a file's lock (`flock`), waiting for at most a given time; the kernel releases it when its holder dies."""

import errno
import fcntl
import time
from itertools import chain, repeat
from pathlib import Path

# Most locks are free again after a few yields of the core, so the first looks do not sleep.
_YIELDS = 10
_LOOK_AGAIN_S = 0.0005


def acquire(descriptor: int, timeout_s: float, path: Path) -> None:
    """Lock the file; raises BlockingIOError if another process holds the lock for longer than timeout_s."""
    until = time.monotonic() + timeout_s
    pauses = chain(repeat(0.0, _YIELDS), repeat(_LOOK_AGAIN_S))
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
