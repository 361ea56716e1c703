"""Rate limits per caller, and a limit on concurrent requests.

Every refusal is a RequestRefused with a Retry-After.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

from miniserve.errors import RequestRefused
from miniserve.http.backlog import Backlog

# The number of buckets kept, about 2 MB; the least recently used is dropped first and starts full again.
_KNOWN_CALLERS = 10_000
# Enough to keep a thread busy while the previous answer is written.
QUEUED_PER_SERVER = 1


class RateLimit:
    """A token bucket per caller, one second deep; 0 per second means no limit."""

    def __init__(self, per_s: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> None:
        """Take one request from the caller's bucket; raises RequestRefused (429) when it is empty."""
        if not self._per_s:
            return
        now = self._clock()
        level, since = self._buckets.pop(caller, (float(self._per_s), now))
        # Refilled only here, by the time that has passed, so that idle callers cost nothing.
        level = min(float(self._per_s), level + (now - since) * self._per_s)
        allowed = level >= 1
        self._buckets[caller] = (level - 1 if allowed else level, now)
        if len(self._buckets) > _KNOWN_CALLERS:
            self._buckets.popitem(last=False)
        if not allowed:
            raise RequestRefused(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"over {self._per_s} requests a second: expected fewer",
                retry_after_s=1,
            )


class Concurrency:
    """Limits concurrent requests: `limit` of them in a burst, fewer under overload.

    Under overload, a longer queue adds waiting time and no throughput. So each server (a thread that computes) then
    gets one running request and QUEUED_PER_SERVER waiting ones.
    """

    def __init__(self, limit: int, servers: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._overload_limit = min(limit, servers * (1 + QUEUED_PER_SERVER))
        self._backlog = Backlog(servers)
        self._clock = clock
        self._in_work = 0

    @property
    def saturated(self) -> bool:
        """Whether the next request would be refused."""
        return self._in_work >= self._allowed

    @property
    def _allowed(self) -> int:
        return self._overload_limit if self._backlog.overloaded else self._limit

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for one request; raises RequestRefused (503) when there is none."""
        arrived = self._clock()
        self._backlog.arrived(arrived)
        if self.saturated:
            raise RequestRefused(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{self._in_work} requests are in progress: expected fewer",
                retry_after_s=1,
            )
        self._in_work += 1
        try:
            yield
        finally:
            self._in_work -= 1
            self._backlog.served(arrived, self._clock())
