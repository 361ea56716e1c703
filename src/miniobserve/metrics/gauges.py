"""Gauges of the server's current state, set at each scrape instead of being kept up to date in between."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Gauge

from miniobserve.bounds import bounded_text


class StateGauges:
    """The gauges of one server, whether it is one process or several."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.processes = Gauge("server_processes_ready", "Server processes that accept requests", registry=registry)
        self.shadow_depth = Gauge("shadow_queue_depth", "Shadow requests waiting or running", registry=registry)
        self.shadow_up = Gauge("shadow_worker_up", "1 while the shadow worker can take requests", registry=registry)
        self.route_refused = Gauge(
            "route_config_refused",
            "1 while route_config.json holds a configuration that was refused",
            registry=registry,
        )
        self.log_waiting = Gauge("traffic_log_waiting", "Records that could not be written yet", registry=registry)
        self.journal_unsettled = Gauge(
            "journal_unsettled", "Answered requests whose line is not written yet", registry=registry
        )
        self._route = Gauge(
            "route_config_info",
            "The route configuration in force",
            ("strategy", "salt", "config_sha"),
            registry=registry,
        )
        self._share = Gauge(
            "route_arm_share",
            "The share of requests that the configuration assigns to an arm, 0 to 1",
            ("traffic_arm",),
            registry=registry,
        )

    def set_arm_shares(self, shares: Mapping[str, float]) -> None:
        """Replace the shares, by `traffic.arm`."""
        self._share.clear()
        for traffic_arm, share in shares.items():
            self._share.labels(bounded_text(traffic_arm)).set(share)

    def set_routes(self, routes: Iterable[tuple[str, str, str]]) -> None:
        """Replace the (strategy, salt, config_sha) in force."""
        self._route.clear()
        for route in routes:
            self._route.labels(*map(bounded_text, route)).set(1)
