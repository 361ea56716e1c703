"""The Prometheus metrics, in a registry of their own; the label `traffic_arm` slices by arm."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
# A millisecond service: the client library's default buckets start at 5 ms.
BUCKETS_S = (0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Every metric of the server. Label values come from closed sets or from the route configuration."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.requests = Counter(
            "request", "HTTP requests answered", ("endpoint", "method", "status"), registry=registry
        )
        self.request_seconds = Histogram(
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
        self.arm_seconds = Histogram(
            "arm_duration_seconds", "An arm's latency", ("traffic_arm",), buckets=BUCKETS_S, registry=registry
        )
        self.tokens = Counter("tokens", "Tokens generated", ("kind", "traffic_arm"), registry=registry)
        self.shadow_depth = Gauge("shadow_queue_depth", "Shadows waiting or running", registry=registry)
        self.shadow_up = Gauge("shadow_worker_up", "1 while the shadow's process can be asked", registry=registry)
        self.shadow_outcomes = Counter("shadow_outcomes", "Shadow runs by outcome", ("outcome",), registry=registry)
        self.shadow_agreement = Counter(
            "shadow_agreement", "Pairs by whether both arms gave the same text", ("agree",), registry=registry
        )
        self.route = Gauge(
            "route_config_info",
            "The route configuration in force",
            ("strategy", "salt", "config_sha"),
            registry=registry,
        )
        self.route_refused = Gauge(
            "route_config_refused",
            "1 while route_config.json holds a configuration that was refused",
            registry=registry,
        )
        self.log_errors = Counter("traffic_log_errors", "Attempts to write a record that failed", registry=registry)
        self.log_lost = Counter("traffic_log_lost", "Records that were never written", registry=registry)
        self.log_lines_dropped = Counter("log_lines_dropped", "Lines that stderr did not take", registry=registry)
        self.spans_dropped = Counter("spans_dropped", "Spans that the local file had no room for", registry=registry)

    def route_in_force(self, strategy: str, salt: str, config_sha: str) -> None:
        """Show one configuration, and no other, as the one in force."""
        self.route.clear()
        self.route.labels(strategy, salt, config_sha).set(1)

    def exposition(self) -> bytes:
        """Return the metrics in the OpenMetrics text format."""
        text: bytes = generate_latest(self.registry)  # type: ignore[no-untyped-call]  # the library leaves it untyped
        return text
