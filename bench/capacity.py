"""A's capacity: the highest rate at which A's p99, with the shadow off, is at most 3 times the unloaded p99."""

import time
from dataclasses import dataclass

import numpy as np

from bench.bootstrap import Latencies, quantile
from bench.load import Observed, offer, poisson_schedule
from bench.requests import draw, eval_sentences

BOUND = 3.0
# Sent back to back on one connection, to find the order of magnitude.
_CALIBRATION_REQUESTS = 300
# "Unloaded" means that requests rarely overlap: a tenth of the rate that one connection achieves.
_UNLOADED_SHARE = 0.1
_UNLOADED_S = 15.0
_WINDOW_S = 4.0
_WINDOWS = 2
_STEPS = 6


@dataclass(frozen=True)
class Capacity:
    """A's capacity with the shadow off. Rates in requests per second, latencies in ms."""

    per_s: float
    unloaded_per_s: float
    unloaded_p50_ms: float
    unloaded_p99_ms: float


class Load:
    """Loads a port with random sentences of the eval set."""

    def __init__(self, port: int, seed: int) -> None:
        self.port = port
        self._rng = np.random.default_rng(seed)
        self._sentences = eval_sentences()

    def at(self, rate_per_s: float, seconds: float) -> Observed:
        """Offer Poisson arrivals at a rate for some seconds."""
        due = poisson_schedule(rate_per_s, seconds, self._rng)
        return offer(self.port, draw(self._sentences, len(due), self._rng), due)

    def back_to_back(self, count: int, connections: int = 1) -> float:
        """Send `count` requests, each as soon as a connection is free, and return the rate achieved, per second."""
        started = time.perf_counter()
        offer(self.port, draw(self._sentences, count, self._rng), np.zeros(count), max_connections=connections)
        return count / (time.perf_counter() - started)


def measure_capacity(load: Load) -> Capacity:
    """Find the capacity by bisection, with new schedules for every step. Takes about a minute."""
    scale = load.back_to_back(_CALIBRATION_REQUESTS)
    unloaded_per_s = scale * _UNLOADED_SHARE
    unloaded = load.at(unloaded_per_s, _UNLOADED_S).latency_ms()
    p99 = quantile(unloaded, 0.99)
    low, high = unloaded_per_s, 1.5 * scale
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if quantile(_served(load, middle), 0.99) <= BOUND * p99:
            low = middle
        else:
            high = middle
    return Capacity(low, unloaded_per_s, quantile(unloaded, 0.5), p99)


def _served(load: Load, rate_per_s: float) -> Latencies:
    """Return the latencies at a rate. A refusal counts as infinite; otherwise refusing would raise the capacity."""
    windows = [load.at(rate_per_s, _WINDOW_S) for _ in range(_WINDOWS)]
    return np.concatenate([np.where(seen.status == 200, seen.done_s - seen.due_s, np.inf) * 1e3 for seen in windows])
