"""The live page's running counts: per arm, per configuration, agreement and split. Pure, bounded memory."""

import math
from collections import Counter, deque
from typing import Any, Final

from minieval.record.record import ArmResult, TrafficRecord
from miniserve.loopback.live_split import SplitCounts
from miniserve.loopback.sequential import Share, always_valid_share

WINDOW_S: Final = 60
# Bounds memory and the sorting at each look: more than 300 answers a second push out the oldest of the minute.
LATENCIES_KEPT: Final = 20_000
# The agreement's history gets a point each time the number of pairs has grown by this factor: 170 points for ten
# million pairs.
HISTORY_FACTOR: Final = 1.1


class ArmCounts:
    """One `traffic.arm`: its answers of the last minute, and its statuses since the page was first opened."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self._per_second: Counter[int] = Counter()
        self._latencies: deque[tuple[float, float]] = deque(maxlen=LATENCIES_KEPT)

    def add(self, at: float, result: ArmResult) -> None:
        """Add a run that ended at `at`, in seconds since the epoch."""
        self.statuses[result.status] += 1
        self._per_second[int(at)] += 1
        if result.status == "ok" and result.latency_ms is not None and math.isfinite(result.latency_ms):
            self._latencies.append((at, result.latency_ms))

    def summary(self, now: float) -> dict[str, Any]:
        """Return requests per second, oldest first, and nearest-rank percentiles in ms (None without answers)."""
        last = int(now)
        # Drop future seconds as well: after the clock was set back, they would stay here for ever.
        for second in [s for s in self._per_second if abs(s - last) >= WINDOW_S]:
            del self._per_second[second]
        recent = sorted(ms for at, ms in self._latencies if now - WINDOW_S < at < now + WINDOW_S)
        return {
            "per_second": [self._per_second[s] for s in range(last - WINDOW_S + 1, last + 1)],
            "latency_ms": {f"p{q}": _nearest_rank(recent, q / 100) for q in (50, 95, 99)},
            "answers": len(recent),
            "statuses": dict(self.statuses),
        }


class Agreement:
    """How often both arms gave the same text, with an interval that stays valid however often it is looked at.

    The history is kept by the number of pairs, not by looks. So a page that is opened late shows how the interval
    narrowed.
    """

    def __init__(self) -> None:
        self.pairs = 0
        self.agreed = 0
        self._interval = Share(0.0, 1.0)
        self._history: list[tuple[int, float, float, float]] = []
        self._next_point = 1

    def add(self, agree: bool) -> None:
        """Add one pair."""
        self.pairs += 1
        self.agreed += agree
        if self.pairs >= self._next_point:
            self._history.append(self._current())
            self._next_point = math.ceil(self.pairs * HISTORY_FACTOR)

    def _current(self) -> tuple[int, float, float, float]:
        found = always_valid_share(self.agreed, self.pairs)
        # The intervals of all looks hold simultaneously, so a share that one of them excluded stays excluded.
        self._interval = Share(max(found.low, self._interval.low), min(found.high, self._interval.high))
        return self.pairs, self.agreed / self.pairs, self._interval.low, self._interval.high

    def summary(self) -> dict[str, Any]:
        """Return the share with its interval, and its history as (pairs, share, low, high)."""
        current = [self._current()] if self.pairs else []
        return {
            "pairs": self.pairs,
            "agreed": self.agreed,
            "share": self.agreed / self.pairs if self.pairs else None,
            "low": self._interval.low,
            "high": self._interval.high,
            "history": [*(point for point in self._history if point[0] != self.pairs), *current],
        }


class ConfigurationCounts:
    """The traffic under one route configuration."""

    def __init__(self) -> None:
        self.requests = 0
        self.outcomes: Counter[str] = Counter()
        self.agreement = Agreement()
        self.split = SplitCounts()

    def add(self, record: TrafficRecord) -> None:
        """Add one record of this configuration."""
        self.requests += 1
        self.split.add(record)
        if record.shadow_arm is None:
            return
        served, shadow = record.results[record.production_arm], record.results[record.shadow_arm]
        self.outcomes[shadow.status] += 1
        if served.status == shadow.status == "ok":
            self.agreement.add(served.response == shadow.response)


def _nearest_rank(ordered: list[float], q: float) -> float | None:
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)] if ordered else None
