"""What a watcher wants to know of the traffic, folded from its records one by one: pure, bounded, no clock of its own.

Rates and latencies are of the last minute; the split, the outcomes and the agreement are of one configuration, for
two configurations are never pooled.
"""

import math
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

from minieval.record.record import ArmResult, TrafficRecord
from minieval.report.wording import compare_words
from miniserve.loopback.sequential import Share, always_valid_share, exact_split_pvalue

WINDOW_S: Final = 60
PAIRS_SHOWN: Final = 50
# Bounds of memory, whatever the traffic.
LATENCIES_KEPT: Final = 20_000
IDS_COUNTED: Final = 200_000
CONFIGURATIONS_KEPT: Final = 4
# The agreement is noted each time the pairs are so many times as many: 170 notes for ten million.
LOOK_FACTOR: Final = 1.1


class Arm:
    """One value of `traffic.arm`: its answers of the last minute, and how its runs ended since watching began."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self._per_second: Counter[int] = Counter()
        self._latencies: deque[tuple[float, float]] = deque(maxlen=LATENCIES_KEPT)

    def add(self, at: float, result: ArmResult) -> None:
        """Take in one run; `at` in seconds since the epoch."""
        self.statuses[result.status] += 1
        self._per_second[int(at)] += 1
        if result.status == "ok" and result.latency_ms is not None:
            self._latencies.append((at, result.latency_ms))

    def summary(self, now: float) -> dict[str, Any]:
        """Return requests per second, oldest first, and nearest-rank percentiles in ms (None without answers)."""
        last = int(now)
        for second in [s for s in self._per_second if s <= last - WINDOW_S]:
            del self._per_second[second]
        recent = sorted(ms for at, ms in self._latencies if at > now - WINDOW_S)
        return {
            "per_second": [self._per_second[s] for s in range(last - WINDOW_S + 1, last + 1)],
            "latency_ms": {f"p{q}": _nearest_rank(recent, q / 100) for q in (50, 95, 99)},
            "answers": len(recent),
            "statuses": dict(self.statuses),
        }


class Agreement:
    """How often both arms gave the same text, with an interval that may be looked at as often as one likes.

    Its history is that of the pairs, not of the looks: who comes late sees how the interval narrowed.
    """

    def __init__(self) -> None:
        self.pairs = 0
        self.agreed = 0
        self._interval = Share(0.0, 1.0)
        self._history: list[tuple[int, float, float, float]] = []
        self._next_look = 1

    def add(self, agree: bool) -> None:
        """Take in one pair."""
        self.pairs += 1
        self.agreed += agree
        if self.pairs >= self._next_look:
            self._history.append(self._look())
            self._next_look = math.ceil(self.pairs * LOOK_FACTOR)

    def _look(self) -> tuple[int, float, float, float]:
        found = always_valid_share(self.agreed, self.pairs)
        # What was refuted once stays refuted: the interval holds at all looks at once, so it only narrows.
        self._interval = Share(max(found.low, self._interval.low), min(found.high, self._interval.high))
        return self.pairs, self.agreed / self.pairs, self._interval.low, self._interval.high

    def summary(self) -> dict[str, Any]:
        """Return the share with its interval, and what it was after fewer pairs: (pairs, share, low, high)."""
        looked = [self._look()] if self.pairs else []
        return {
            "pairs": self.pairs,
            "agreed": self.agreed,
            "share": self.agreed / self.pairs if self.pairs else None,
            "low": self._interval.low,
            "high": self._interval.high,
            "history": [*(look for look in self._history if look[0] != self.pairs), *looked],
        }


class Split:
    """How the distinct request ids of one configuration were shared out."""

    def __init__(self) -> None:
        self._ids: set[bytes] = set()
        self.counts: Counter[str] = Counter()

    def add(self, request_id: str, share: str) -> None:
        """Count an id once; beyond IDS_COUNTED no more are counted."""
        key = blake2b(request_id.encode(), digest_size=8).digest()
        if key not in self._ids and len(self._ids) < IDS_COUNTED:
            self._ids.add(key)
            self.counts[share] += 1

    @property
    def full(self) -> bool:
        """Whether ids went uncounted."""
        return len(self._ids) >= IDS_COUNTED


class Epoch:
    """The traffic under one configuration."""

    def __init__(self) -> None:
        self.requests = 0
        self.outcomes: Counter[str] = Counter()
        self.agreement = Agreement()
        self.split = Split()

    def add(self, record: TrafficRecord) -> None:
        """Take in one record of this configuration."""
        self.requests += 1
        if record.strategy in ("ab", "canary"):
            self.split.add(record.request_id, record.production_arm)
        elif record.strategy == "shadow":
            self.split.add(record.request_id, "shadowed" if record.shadow_arm else "not shadowed")
        if record.shadow_arm is None:
            return
        served, shadow = record.results[record.production_arm], record.results[record.shadow_arm]
        self.outcomes[shadow.status] += 1
        if served.status == shadow.status == "ok":
            self.agreement.add(served.response == shadow.response)


class Live:
    """Everything that the live page shows of the traffic."""

    def __init__(self) -> None:
        self._arms: dict[str, Arm] = {}
        self._epochs: OrderedDict[str, Epoch] = OrderedDict()
        self._pairs: deque[dict[str, Any]] = deque(maxlen=PAIRS_SHOWN)
        self._number = 0

    def add(self, record: TrafficRecord) -> None:
        """Take in one record."""
        at = datetime.fromisoformat(record.ts).timestamp()
        for name, result in record.results.items():
            traffic_arm = f"shadow_{name}" if name == record.shadow_arm else name
            self._arms.setdefault(traffic_arm, Arm()).add(at, result)
        epoch = self._epochs.setdefault(record.config_sha, Epoch())
        self._epochs.move_to_end(record.config_sha)
        if len(self._epochs) > CONFIGURATIONS_KEPT:
            self._epochs.popitem(last=False)
        epoch.add(record)
        if record.shadow_arm is not None:
            self._number += 1
            self._pairs.append({"number": self._number, **_pair(record, record.shadow_arm)})

    def summary(self, now: float, route: Mapping[str, object] | None) -> dict[str, Any]:
        """Return the figures at a moment, in seconds since the epoch, under the route in force."""
        epoch = self._epochs.get(str(route["config_sha"]), Epoch()) if route else Epoch()
        return {
            "arms": {name: self._arms[name].summary(now) for name in sorted(self._arms)},
            "requests": epoch.requests,
            "outcomes": dict(epoch.outcomes),
            "agreement": epoch.agreement.summary(),
            "split": _split(epoch.split, route) if route else None,
        }

    def pairs_after(self, number: int) -> list[dict[str, Any]]:
        """Return the pairs that came after that one, oldest first, as far as they are kept."""
        return [pair for pair in self._pairs if pair["number"] > number]


def _split(split: Split, route: Mapping[str, object]) -> dict[str, Any] | None:
    """Return the counts, what was to be expected, and the exact sample-ratio p; None where nothing is split."""
    strategy, arms = route["strategy"], route["arms"]
    if strategy == "ab" and isinstance(arms, Mapping) and len(arms) == 2:
        first, second = sorted(arms)
        expected = 0.5
    elif strategy == "canary":
        first, second = str(route["shadow_arm"]), str(route["production_arm"])
        expected = float(str(route["canary_percent"])) / 100
    elif strategy == "shadow":
        first, second = "shadowed", "not shadowed"
        expected = float(str(route["shadow_percent"])) / 100
    else:
        return None
    counts = {name: split.counts[name] for name in (first, second)}
    n = sum(counts.values())
    pvalue = exact_split_pvalue(counts[first], n, expected) if n and 0 < expected < 1 else None
    return {"counts": counts, "expected": {first: expected}, "pvalue": pvalue, "full": split.full}


def _pair(record: TrafficRecord, shadow_arm: str) -> dict[str, Any]:
    served, shadow = record.results[record.production_arm], record.results[shadow_arm]
    return {
        "ts": record.ts,
        "request_id": record.request_id,
        "trace_id": record.trace_id,
        "sentence": record.sentence,
        "agree": served.response == shadow.response if served.status == shadow.status == "ok" else None,
        "answers": [
            _answer(record.production_arm, served, shadow),
            _answer(shadow_arm, shadow, served),
        ],
    }


def _answer(arm: str, mine: ArmResult, other: ArmResult) -> dict[str, Any]:
    """Return an arm's answer as runs of words, each with whether the other arm's answer lacks it."""
    words = compare_words(mine.response or "", other.response if other.response is not None else mine.response or "")
    return {
        "arm": arm,
        "status": mine.status,
        "latency_ms": mine.latency_ms,
        "reason": mine.reason,
        "words": [[run.text, run.differs] for run in words],
    }


def _nearest_rank(ordered: Sequence[float], q: float) -> float | None:
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)] if ordered else None
