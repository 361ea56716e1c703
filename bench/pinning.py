"""Which core runs what. The server and B's process share one core, so that B has no place to go but A's.

The load generator, and nginx where it stands in front, have another core. With one core everything shares it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, GENERATOR_CORE = _CORES[0], _CORES[-1]


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run on that core; a process started meanwhile, and its children, stay there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def in_words() -> str:
    """Say where everything ran."""
    if SERVER_CORE == GENERATOR_CORE:
        return f"everything on core {SERVER_CORE}"
    return f"server and B's process on core {SERVER_CORE}; load generator, and nginx, on core {GENERATOR_CORE}"
