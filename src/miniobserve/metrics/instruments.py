"""Counters and histograms that any value can be handed to, built on prometheus_client's public classes.

The client library raises on a negative amount and on an integer that no float can hold, and keeps an infinity or a NaN
for ever. Such a value is left out and reported to `on_rejected` instead.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from time import monotonic

from prometheus_client import CollectorRegistry
from prometheus_client import Counter as ClientCounter
from prometheus_client import Histogram as ClientHistogram

from miniobserve.bounds import bounded_text

# Far above any real amount, far below 2**53, where adding 1 to a float does nothing.
MAX_AMOUNT = 1e12
# Thirty years: a longer one would drown the others in the histogram's sum.
MAX_SECONDS = 1e9
EXEMPLAR_EVERY_S = 1.0
Exemplar = dict[str, str]


class Counter:
    """One counter; an amount outside 0 to MAX_AMOUNT is rejected."""

    def __init__(self, counter: ClientCounter, on_rejected: Callable[[], None]) -> None:
        self._counter = counter
        self._on_rejected = on_rejected

    def inc(self, amount: float = 1, exemplar: Exemplar | None = None) -> None:
        """Add the amount."""
        if 0 <= amount <= MAX_AMOUNT:  # false for NaN; comparing an integer of any size does not overflow
            self._counter.inc(amount, exemplar)
        else:
            self._on_rejected()


class Histogram:
    """One histogram of seconds; an observation outside 0 to MAX_SECONDS is rejected.

    Each bucket takes one exemplar a second: the client library needs longer to check an exemplar than to count an
    observation, and a scrape sees only the last one of each bucket.
    """

    def __init__(self, histogram: ClientHistogram, buckets_s: Sequence[float], on_rejected: Callable[[], None]) -> None:
        self._histogram = histogram
        self._buckets_s = buckets_s
        self._on_rejected = on_rejected
        self._next_exemplar: dict[int, float] = {}  # the earliest monotonic time by bucket

    def observe(self, seconds: float, exemplar: Exemplar | None = None) -> None:
        """Count an observation; its exemplar is used unless its bucket took another within EXEMPLAR_EVERY_S."""
        if not 0 <= seconds <= MAX_SECONDS:
            self._on_rejected()
            return
        if exemplar is not None:
            bucket, now = bisect_left(self._buckets_s, seconds), monotonic()
            if now < self._next_exemplar.get(bucket, now):
                exemplar = None
            else:
                self._next_exemplar[bucket] = now + EXEMPLAR_EVERY_S
        self._histogram.observe(seconds, exemplar)


class LabelledCounter:
    """A counter per combination of label values.

    The counters are kept in a dictionary: looking one up there takes a tenth of the time of the client library's own
    `labels`, which checks the values again. None is ever removed, because their number is bounded.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str],
        registry: CollectorRegistry,
        on_rejected: Callable[[], None],
    ) -> None:
        self._counter = ClientCounter(name, documentation, labels, registry=registry)
        self._on_rejected = on_rejected
        self._children: dict[tuple[str, ...], Counter] = {}

    def labels(self, *values: str) -> Counter:
        """Return the counter with these label values, which begins at 0."""
        child = self._children.get(values)
        if child is None:
            child = Counter(self._counter.labels(*map(bounded_text, values)), self._on_rejected)
            self._children[values] = child
        return child


class LabelledHistogram:
    """A histogram per combination of label values, kept like LabelledCounter's counters."""

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str],
        buckets_s: Sequence[float],
        registry: CollectorRegistry,
        on_rejected: Callable[[], None],
    ) -> None:
        self._histogram = ClientHistogram(name, documentation, labels, buckets=buckets_s, registry=registry)
        self._buckets_s = buckets_s
        self._on_rejected = on_rejected
        self._children: dict[tuple[str, ...], Histogram] = {}

    def labels(self, *values: str) -> Histogram:
        """Return the histogram with these label values, which begins empty."""
        child = self._children.get(values)
        if child is None:
            bounded = map(bounded_text, values)
            child = Histogram(self._histogram.labels(*bounded), self._buckets_s, self._on_rejected)
            self._children[values] = child
        return child
