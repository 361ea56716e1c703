"""What the server counts, as Prometheus metrics in a registry of their own; the label `traffic_arm` slices by arm."""

import functools
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
# A millisecond service: the client library's default buckets start at 5 ms.
BUCKETS_S = (0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
EXEMPLAR_EVERY_S = 1.0
# A full queue of shadows waits as long as all of them take.
WAIT_BUCKETS_S = (*BUCKETS_S, 10.0, 30.0, 60.0)


class TracedHistogram(Histogram):
    """A histogram over BUCKETS_S, each of which takes an exemplar once a second.

    The library checks an exemplar for longer than it counts an observation, and a scrape sees the last one only.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the library's own, which makes children by it
        super().__init__(*args, **kwargs)
        self._due: dict[int, float] = {}

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        """Count an observation; its exemplar stands for it in a scrape if no other of its bucket does already."""
        if exemplar is not None:
            bucket, moment = bisect_left(BUCKETS_S, amount), monotonic()
            if moment < self._due.get(bucket, moment):
                exemplar = None
            else:
                self._due[bucket] = moment + EXEMPLAR_EVERY_S
        super().observe(amount, exemplar)


class Metrics:
    """Every counter and histogram of the server. Label values come from closed sets or from the route configuration."""

    def __init__(self) -> None:
        # One more series for every counter and histogram, which nobody asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        registry = self.registry = CollectorRegistry()
        self.requests = Counter(
            "request", "HTTP requests answered", ("endpoint", "method", "status"), registry=registry
        )
        self.request_seconds = TracedHistogram(
            "request_duration_seconds",
            "HTTP request duration",
            ("endpoint",),
            buckets=BUCKETS_S,
            registry=registry,
        )
        self.arm_requests = Counter(
            "arm_requests",
            "Requests that an arm answered or failed",
            ("traffic_arm", "status"),
            registry=registry,
        )
        self.arm_seconds = TracedHistogram(
            "arm_duration_seconds", "An arm's latency", ("traffic_arm",), buckets=BUCKETS_S, registry=registry
        )
        self.tokens = Counter("tokens", "Tokens generated", ("kind", "traffic_arm"), registry=registry)
        self.shadow_wait_seconds = Histogram(
            "shadow_wait_seconds",
            "A shadow's wait for its turn in the worker",
            buckets=WAIT_BUCKETS_S,
            registry=registry,
        )
        self.shadow_outcomes = Counter("shadow_outcomes", "Shadow runs by outcome", ("outcome",), registry=registry)
        self.shadow_agreement = Counter(
            "shadow_agreement", "Pairs by whether both arms gave the same text", ("agree",), registry=registry
        )
        self.log_errors = Counter("traffic_log_errors", "Attempts to write a record that failed", registry=registry)
        self.log_lost = Counter("traffic_log_lost", "Records that were never written", registry=registry)
        self.log_lines_dropped = Counter("log_lines_dropped", "Lines that stderr did not take", registry=registry)
        self.spans_dropped = Counter("spans_dropped", "Spans that were queued or exported in vain", registry=registry)

        for metric in vars(self).values():
            if isinstance(metric, MetricWrapperBase):
                # A child is found ten times as fast as by the library, which checks the labels again. Nothing takes a
                # child away: their number is bounded, because their labels are.
                metric.labels = functools.cache(metric.labels)  # type: ignore[method-assign]

    def expect(self, traffic_arms: Iterable[str], statuses: Sequence[str]) -> None:
        """Begin at 0 what may be counted: the first failure then is an increase, not the birth of a series."""
        for traffic_arm in traffic_arms:
            self.arm_seconds.labels(traffic_arm)
            self.tokens.labels("generated", traffic_arm)
            for status in statuses:
                self.arm_requests.labels(traffic_arm, status)
        for outcome in statuses:
            self.shadow_outcomes.labels(outcome)
        for agree in ("yes", "no"):
            self.shadow_agreement.labels(agree)

    def exposition(self) -> bytes:
        """Return the metrics in the OpenMetrics text format."""
        text: bytes = generate_latest(self.registry)  # type: ignore[no-untyped-call]  # the library leaves it untyped
        return text
