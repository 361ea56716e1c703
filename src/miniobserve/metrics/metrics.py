"""What the server counts, as Prometheus metrics in a registry of their own; the label `traffic_arm` slices by arm."""

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, disable_created_metrics
from prometheus_client import Counter as ClientCounter
from prometheus_client import Histogram as ClientHistogram
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from miniobserve.metrics.instruments import Counter, Histogram, LabelledCounter, LabelledHistogram

CONTENT_TYPE = CONTENT_TYPE_LATEST
# A millisecond service: the client library's default buckets start at 5 ms.
BUCKETS_S = (0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
# A full queue of shadow requests waits as long as all of them take.
WAIT_BUCKETS_S = (*BUCKETS_S, 10.0, 30.0, 60.0)


class Metrics:
    """Every counter and histogram of the server. Label values come from closed sets or from the route configuration."""

    def __init__(self) -> None:
        # The library would add a `_created` series to every counter and histogram, which no dashboard or alert uses.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        self.registry = CollectorRegistry()
        errors = ClientCounter(
            "telemetry_errors",
            "Deferred calls that raised, and values that no metric can hold",
            ("kind",),
            registry=self.registry,
        )
        self._failed_calls, self._rejected_values = errors.labels("deferred_call"), errors.labels("value")

        self.requests = self._labelled_counter("request", "HTTP requests answered", ("endpoint", "method", "status"))
        self.request_seconds = self._labelled_histogram(
            "request_duration_seconds", "HTTP request duration", ("endpoint",)
        )
        self.arm_requests = self._labelled_counter(
            "arm_requests", "Requests that an arm answered or failed", ("traffic_arm", "status")
        )
        self.arm_seconds = self._labelled_histogram("arm_duration_seconds", "An arm's latency", ("traffic_arm",))
        self.tokens = self._labelled_counter("tokens", "Tokens generated", ("kind", "traffic_arm"))
        wait_seconds = ClientHistogram(
            "shadow_wait_seconds",
            "Time a shadow request waits for the worker",
            buckets=WAIT_BUCKETS_S,
            registry=self.registry,
        )
        self.shadow_wait_seconds = Histogram(wait_seconds, WAIT_BUCKETS_S, self._reject_value)
        self.shadow_outcomes = self._labelled_counter("shadow_outcomes", "Shadow runs by outcome", ("outcome",))
        self.shadow_agreement = self._labelled_counter(
            "shadow_agreement", "Pairs by whether both arms gave the same text", ("agree",)
        )
        self.log_errors = self._counter("traffic_log_errors", "Attempts to write a record that failed")
        self.log_lost = self._counter("traffic_log_lost", "Records that were never written")
        self.log_lines_dropped = self._counter("log_lines_dropped", "Log lines that could not be written to stderr")
        self.spans_dropped = self._counter("spans_dropped", "Spans that were not queued or not exported")

    def preset_counters(self, traffic_arms: Iterable[str], statuses: Sequence[str]) -> None:
        """Create the arms' series at 0: `increase` misses the first failure if it also creates the series."""
        for traffic_arm in traffic_arms:
            self.arm_seconds.labels(traffic_arm)
            self.tokens.labels("generated", traffic_arm)
            for status in statuses:
                self.arm_requests.labels(traffic_arm, status)
        for outcome in statuses:
            self.shadow_outcomes.labels(outcome)
        for agree in ("yes", "no"):
            self.shadow_agreement.labels(agree)

    def count_failed_call(self) -> None:
        """Count a deferred call that raised."""
        self._failed_calls.inc()

    def exposition(self) -> bytes:
        """Return the metrics in the OpenMetrics text format."""
        text: bytes = generate_latest(self.registry)  # type: ignore[no-untyped-call]  # the library leaves it untyped
        return text

    def _reject_value(self) -> None:
        self._rejected_values.inc()

    def _counter(self, name: str, documentation: str) -> Counter:
        return Counter(ClientCounter(name, documentation, registry=self.registry), self._reject_value)

    def _labelled_counter(self, name: str, documentation: str, labels: Sequence[str]) -> LabelledCounter:
        return LabelledCounter(name, documentation, labels, self.registry, self._reject_value)

    def _labelled_histogram(self, name: str, documentation: str, labels: Sequence[str]) -> LabelledHistogram:
        return LabelledHistogram(name, documentation, labels, BUCKETS_S, self.registry, self._reject_value)
