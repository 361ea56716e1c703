"""Tells overload from a burst: how long would a request wait if nobody had been refused?

A virtual queue (Kunniyur and Srikant 2001): it takes every request that asks, and drains as fast as requests are
served. A burst fills it for a moment; under overload it stays full. Pure: seconds of a monotonic clock, handed in.
"""

import heapq

# A wait that nobody minds once in a while; from here on it is overload, until half of it is left. With requests of 3 ms
# that arrive at random, simulated: at 80 % of what a server can do .3 % are refused, at 60 % none.
BURST_S = 0.04
# What waits beyond this is forgotten, so that overload is over soon after the load is.
_REMEMBERED_S = 2 * BURST_S
# The weight of one request in the running mean of the time that serving takes.
_WEIGHT = 1 / 16


class Backlog:
    """The virtual queue in front of a number of servers (threads)."""

    def __init__(self, servers: int) -> None:
        self._servers = servers
        self._free_since = [float("-inf")] * servers  # a heap
        self._service_s = 0.0
        self._wait_s = 0.0
        self._at = float("-inf")
        self.overloaded = False

    def arrived(self, now: float) -> None:
        """Count a request that asks for a place, whether or not it gets one."""
        self._wait_s = max(0.0, self._wait_s - (now - self._at))
        self._at = now
        if self._wait_s <= BURST_S / 2:
            self.overloaded = False
        self._wait_s = min(self._wait_s + self._service_s / self._servers, _REMEMBERED_S)
        if self._wait_s > BURST_S:
            self.overloaded = True

    def served(self, arrived: float, now: float) -> None:
        """Learn from a request that had a place how long serving takes, its wait for a server left out."""
        started = max(arrived, heapq.heappop(self._free_since))
        heapq.heappush(self._free_since, now)
        taken_s = now - started
        self._service_s += _WEIGHT * (taken_s - self._service_s) if self._service_s else taken_s
