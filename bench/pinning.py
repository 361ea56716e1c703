"""Pins processes to cores. The server and B's process share one core, so that B must compete with A.

The load generator and nginx run on another core. On a machine with one core, everything shares it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, GENERATOR_CORE = _CORES[0], _CORES[-1]


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run on a core. Processes started inside the context, and their children, stay on it."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def in_words() -> str:
    """Describe where everything ran."""
    if SERVER_CORE == GENERATOR_CORE:
        return f"everything on core {SERVER_CORE}"
    return f"server and B's process on core {SERVER_CORE}; load generator, and nginx, on core {GENERATOR_CORE}"
