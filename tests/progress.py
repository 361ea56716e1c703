"""Reports how far the suite is, once a minute, to stderr: with `-q` and a busy machine it is silent for minutes."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

import pytest

EVERY_S = 60.0


class Progress:
    """A pytest plugin. Between two tests pytest captures nothing, so stderr is the real one there."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, stream: TextIO | None = None) -> None:
        self._clock = clock
        self._stream = stream
        self._started = self._shown = clock()
        self._total = 0
        self._done = 0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note how many tests will run."""
        self.begin(len(session.items))

    def begin(self, total: int) -> None:
        """Start the clock for so many tests."""
        self._total = total
        self._started = self._shown = self._clock()

    def pytest_runtest_logfinish(self) -> None:
        """Count a test that is over, and report if the last report is a minute old."""
        self._done += 1
        now = self._clock()
        if now - self._shown >= EVERY_S:
            self._shown = now
            print(f"\n{describe(now - self._started, self._done, self._total)}", file=self._stream or sys.stderr)


def describe(elapsed_s: float, done: int, total: int) -> str:
    """Return the progress in words; the estimate takes the rest to be as slow as what was done.

    >>> describe(180, 300, 1200)
    'tests: 3 min, 300 of 1200 done (25 %), about 9 min to go'
    """
    left_s = elapsed_s / done * (total - done)
    share = 100 * done // total
    return f"tests: {elapsed_s / 60:.0f} min, {done} of {total} done ({share} %), about {left_s / 60:.0f} min to go"
