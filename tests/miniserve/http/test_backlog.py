"""A burst is admitted, overload is not, and overload ends soon after the load does."""

from collections import deque
from collections.abc import Iterable
from contextlib import AbstractContextManager

import numpy as np
import pytest

from miniserve.errors import RequestRefused
from miniserve.http.admission import QUEUED_PER_SERVER, Concurrency
from miniserve.http.backlog import BURST_S, Backlog

SERVICE_S = 0.003


class Simulation:
    """A queue with one or more servers, each request taking SERVICE_S, behind the real Concurrency; its own clock."""

    def __init__(self, limit: int, servers: int = 1) -> None:
        self.now = 0.0
        self._places = Concurrency(limit, servers, lambda: self.now)
        self._free = [0.0] * servers
        self._ending: deque[tuple[float, AbstractContextManager[None]]] = deque()
        self.waits_s: list[float] = []
        self.refused = 0

    def offer(self, arrivals: Iterable[float]) -> None:
        for arrival in arrivals:
            self._advance(arrival)
            place = self._places.place()
            try:
                place.__enter__()
            except RequestRefused:
                self.refused += 1
                continue
            first_free = min(range(len(self._free)), key=self._free.__getitem__)
            end = self._free[first_free] = max(arrival, self._free[first_free]) + SERVICE_S
            self.waits_s.append(end - arrival)
            self._ending.append((end, place))
        self._advance(self.now)

    def _advance(self, until: float) -> None:
        while self._ending and self._ending[0][0] <= until:
            self.now, place = self._ending.popleft()
            place.__exit__(None, None, None)
        self.now = until


def _arrivals(rate_per_s: float, seconds: float, start: float = 0.0) -> list[float]:
    rng = np.random.default_rng(7)
    return sorted((start + rng.uniform(0, seconds, round(rate_per_s * seconds))).tolist())


@pytest.mark.parametrize("servers", [1, 2, 4])
def test_at_three_times_the_capacity_an_admitted_request_waits_for_at_most_one_other(servers: int) -> None:
    simulation = Simulation(64, servers)
    capacity = servers / SERVICE_S

    simulation.offer(_arrivals(3 * capacity, 20))

    served = sorted(simulation.waits_s)
    assert served[round(0.99 * len(served)) - 1] <= (1 + QUEUED_PER_SERVER) * SERVICE_S * 1.001
    # and the servers are not left idle by refusing too much: at most a twentieth of what they could do is lost
    assert len(served) >= 0.95 * capacity * 20


@pytest.mark.parametrize("servers", [1, 2, 4])
def test_below_the_capacity_hardly_any_request_is_refused(servers: int) -> None:
    at_80_percent, at_60_percent = Simulation(64, servers), Simulation(64, servers)

    at_80_percent.offer(_arrivals(0.8 * servers / SERVICE_S, 20))
    at_60_percent.offer(_arrivals(0.6 * servers / SERVICE_S, 20))

    assert at_80_percent.refused <= 0.01 * len(at_80_percent.waits_s)
    assert at_60_percent.refused == 0


def test_a_burst_within_the_limit_is_served_completely() -> None:
    simulation = Simulation(64)
    simulation.offer(_arrivals(100, 1))

    simulation.offer([2.0] * int(BURST_S / SERVICE_S))

    assert simulation.refused == 0


def test_overload_ends_soon_after_the_load_does() -> None:
    simulation = Simulation(64)
    simulation.offer(_arrivals(3 / SERVICE_S, 5))
    refused = simulation.refused

    simulation.offer(_arrivals(0.5 / SERVICE_S, 1, start=5.5))

    # 0.5 s without load empty the virtual queue
    assert refused > 0
    assert simulation.refused == refused


def test_a_backlog_that_has_served_no_request_is_not_overloaded() -> None:
    backlog = Backlog(1)

    for _ in range(1_000):
        backlog.arrived(1.0)

    assert not backlog.overloaded
