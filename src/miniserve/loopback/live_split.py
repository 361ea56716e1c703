"""The live page's split: how the request ids of one configuration were divided, compared with the expected shares.

Pure. The only place on the loopback port that knows the strategies; mypy reports a new one here (assert_never).
"""

from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final, assert_never

from minieval.record.record import TrafficRecord
from miniserve.loopback.sequential import exact_split_pvalue
from miniserve.traffic import Strategy

# Some 20 MB of hashes.
IDS_COUNTED: Final = 200_000
SHADOWED, NOT_SHADOWED = "shadowed", "not shadowed"


class SplitCounts:
    """How the distinct request ids of one configuration were divided."""

    def __init__(self) -> None:
        self._ids: set[bytes] = set()
        self.counts: Counter[str] = Counter()

    def add(self, record: TrafficRecord) -> None:
        """Count a record's id once. After IDS_COUNTED ids, new ones are not counted."""
        match Strategy(record.strategy):
            case Strategy.AB | Strategy.CANARY:
                self._count(record.request_id, record.production_arm)
            case Strategy.SHADOW:
                self._count(record.request_id, SHADOWED if record.shadow_arm else NOT_SHADOWED)
            case Strategy.SINGLE:
                pass
            case unknown:
                assert_never(unknown)

    def _count(self, request_id: str, share: str) -> None:
        # An id may be long, so keep eight bytes of its hash. A line of the log may hold lone surrogates.
        key = blake2b(request_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if key not in self._ids and len(self._ids) < IDS_COUNTED:
            self._ids.add(key)
            self.counts[share] += 1

    def summary(self, route: Mapping[str, object]) -> dict[str, Any] | None:
        """Return the counts, the expected share, and the exact sample-ratio p; None if the strategy splits nothing."""
        expectation = _expectation(route)
        if expectation is None:
            return None
        first, second, expected = expectation
        counts = {name: self.counts[name] for name in (first, second)}
        n = sum(counts.values())
        pvalue = exact_split_pvalue(counts[first], n, expected) if n and 0 < expected < 1 else None
        full = len(self._ids) >= IDS_COUNTED
        return {"counts": counts, "expected": {first: expected}, "pvalue": pvalue, "full": full}


def _expectation(route: Mapping[str, object]) -> tuple[str, str, float] | None:
    """Return the two parts of a split, and the share of the first from 0 to 1."""
    arms = route["arms"]
    match Strategy(str(route["strategy"])):
        case Strategy.AB:
            # The exact test compares two parts, so more than two arms are not tested.
            first, *others = sorted(arms) if isinstance(arms, Mapping) else [""]
            return (first, others[0], 0.5) if len(others) == 1 else None
        case Strategy.CANARY:
            return str(route["shadow_arm"]), str(route["production_arm"]), float(str(route["canary_percent"])) / 100
        case Strategy.SHADOW:
            return SHADOWED, NOT_SHADOWED, float(str(route["shadow_percent"])) / 100
        case Strategy.SINGLE:
            return None
        case unknown:
            assert_never(unknown)
