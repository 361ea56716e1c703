"""The live page's figures, built from traffic records one by one. Pure: no I/O, no clock, bounded memory.

Rates and latencies cover the last minute. Split, outcomes and agreement cover one route configuration, because figures
of two configurations must not be pooled.
"""

from collections import OrderedDict, deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from minieval.record.record import ArmResult, TrafficRecord
from minieval.report.wording import compare_words
from miniserve.loopback.live_counts import ArmCounts, ConfigurationCounts

PAIRS_SHOWN: Final = 50
# The longest answer that the server accepts from an arm. A log from another program may hold longer ones, which would
# be slow to compare and to draw.
SHOWN_CHARS: Final = 2_000
# Bounds of memory: a log from another program may name a new configuration and new arms on every line.
CONFIGURATIONS_KEPT: Final = 4
ARMS_KEPT: Final = 32
T = TypeVar("T")


class UnusableRecord(ValueError):
    """A record that the live page cannot use; the message has the key, the value and what was expected."""


class Live:
    """Everything that the live page shows of the traffic."""

    def __init__(self) -> None:
        self._arms: OrderedDict[str, ArmCounts] = OrderedDict()
        self._configurations: OrderedDict[str, ConfigurationCounts] = OrderedDict()
        self._pairs: deque[dict[str, Any]] = deque(maxlen=PAIRS_SHOWN)
        self._number = 0

    def add(self, record: TrafficRecord) -> None:
        """Add one record; raises UnusableRecord, and counts nothing of it, if its `ts` is not a timestamp."""
        at = _seconds(record.ts)
        for name, result in record.results.items():
            traffic_arm = f"shadow_{name}" if name == record.shadow_arm else name
            _latest(self._arms, traffic_arm, ArmCounts, ARMS_KEPT).add(at, result)
        _latest(self._configurations, record.config_sha, ConfigurationCounts, CONFIGURATIONS_KEPT).add(record)
        if record.shadow_arm is not None:
            # Numbered, so that each watcher gets only the pairs that it has not seen.
            self._number += 1
            self._pairs.append({"number": self._number, **_pair(record, record.shadow_arm)})

    def summary(self, now: float, route: Mapping[str, object] | None) -> dict[str, Any]:
        """Return the figures at `now`, in seconds since the epoch, for the route in force."""
        current = self._configurations.get(str(route["config_sha"])) if route else None
        counts = current or ConfigurationCounts()
        return {
            "arms": {name: self._arms[name].summary(now) for name in sorted(self._arms)},
            "requests": counts.requests,
            "outcomes": dict(counts.outcomes),
            "agreement": counts.agreement.summary(),
            "split": counts.split.summary(route) if route else None,
        }

    def pairs_after(self, number: int) -> list[dict[str, Any]]:
        """Return the pairs with higher numbers that are still kept, oldest first."""
        return [pair for pair in self._pairs if pair["number"] > number]


def _seconds(ts: str) -> float:
    """Return a record's timestamp in seconds since the epoch; raises UnusableRecord."""
    try:
        moment = datetime.fromisoformat(ts)
    except ValueError as error:
        raise UnusableRecord(f"ts is {ts[:40]!r}: expected an RFC 3339 timestamp") from error
    # Without a time zone the time is ambiguous, and converting a local time of the year 1 or 9999 may overflow.
    if moment.tzinfo is None:
        raise UnusableRecord(f"ts is {ts[:40]!r}: expected a time zone")
    return moment.timestamp()


def _latest(kept: OrderedDict[str, T], key: str, make: type[T], limit: int) -> T:
    """Return the key's value, or a new one if there is none; drops the least recently used beyond the limit."""
    value = kept[key] = kept.pop(key, None) or make()
    if len(kept) > limit:
        kept.popitem(last=False)
    return value


def _pair(record: TrafficRecord, shadow_arm: str) -> dict[str, Any]:
    served, shadow = record.results[record.production_arm], record.results[shadow_arm]
    return {
        "ts": record.ts,
        "request_id": _shown(record.request_id),
        "trace_id": record.trace_id,
        "sentence": _shown(record.sentence),
        "agree": served.response == shadow.response if served.status == shadow.status == "ok" else None,
        "answers": [
            _answer(record.production_arm, served, shadow),
            _answer(shadow_arm, shadow, served),
        ],
    }


def _answer(arm: str, mine: ArmResult, other: ArmResult) -> dict[str, Any]:
    """Return an arm's answer as runs of words, each with whether it is missing from the other arm's answer."""
    my_text = _shown(mine.response or "")
    words = compare_words(my_text, my_text if other.response is None else _shown(other.response))
    return {
        "arm": arm,
        "status": mine.status,
        "latency_ms": mine.latency_ms,
        "reason": mine.reason and _shown(mine.reason),
        "words": [[run.text, run.differs] for run in words],
    }


def _shown(text: str) -> str:
    """Return the text as far as the page shows it, without lone surrogates, which no event can carry."""
    cut = text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]} ..."
    return cut if cut.isascii() else cut.encode("utf-8", "backslashreplace").decode()
