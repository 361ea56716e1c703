"""What the server is doing at the moment of a scrape, as gauges. Set from its state then, not kept up beside it."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Gauge


class StateGauges:
    """The gauges of one server, whether it is one process or several."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.processes = Gauge("server_processes_ready", "Server processes that take requests", registry=registry)
        self.shadow_depth = Gauge("shadow_queue_depth", "Shadows waiting or running", registry=registry)
        self.shadow_up = Gauge("shadow_worker_up", "1 while the shadow's process can be asked", registry=registry)
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
            "The share of the requests that the configuration gives an arm, 0 to 1",
            ("traffic_arm",),
            registry=registry,
        )

    def arms_are_to_get(self, shares: Mapping[str, float]) -> None:
        """Show these shares, by `traffic.arm`, and no others."""
        self._share.clear()
        for traffic_arm, share in shares.items():
            self._share.labels(traffic_arm).set(share)

    def routes_in_force(self, routes: Iterable[tuple[str, str, str]]) -> None:
        """Show these (strategy, salt, config_sha), and no others, as in force."""
        self._route.clear()
        for strategy, salt, config_sha in routes:
            self._route.labels(strategy, salt, config_sha).set(1)
