"""Distinguishes overload from a burst: how long would a request wait if none had been refused?

A virtual queue (Kunniyur and Srikant 2001): every arriving request joins it, and it drains at the rate at which
requests are served. A burst fills it for a moment, overload keeps it full. Pure: the caller passes in seconds of a
monotonic clock.
"""

import heapq

# A longer wait counts as overload until it has halved (hysteresis, so that the limit does not flap). In a simulation
# with random arrivals of 3 ms requests, 0.3 % are refused at 80 % of capacity, none at 60 %.
BURST_S = 0.04
# The virtual wait is capped, so that overload ends soon after the load does.
_REMEMBERED_S = 2 * BURST_S
# The weight of one request in the moving average of the service time.
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
        """Count an arriving request, admitted or not."""
        self._wait_s = max(0.0, self._wait_s - (now - self._at))
        self._at = now
        if self._wait_s <= BURST_S / 2:
            self.overloaded = False
        self._wait_s = min(self._wait_s + self._service_s / self._servers, _REMEMBERED_S)
        if self._wait_s > BURST_S:
            self.overloaded = True

    def served(self, arrived: float, now: float) -> None:
        """Update the service time from an admitted request, without its wait for a server."""
        started = max(arrived, heapq.heappop(self._free_since))
        heapq.heappush(self._free_since, now)
        taken_s = now - started
        self._service_s += _WEIGHT * (taken_s - self._service_s) if self._service_s else taken_s
