"""The status of one server process; /details and the gauges are built from the statuses of all."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from minieval.record.statuses import STATUSES
from miniobserve.bounds import bounded_text
from miniobserve.deferred import DeferredCalls
from miniobserve.metrics.gauges import StateGauges
from miniobserve.metrics.metrics import Metrics
from miniserve.log.ledger import Books, Ledger
from miniserve.routes.routes import Routes
from miniserve.shadow.queue import ShadowState


@dataclass(frozen=True)
class ProcessStatus:
    """One server process. `route` is its configuration in force plus `config_sha`, None until the first is loaded.

    `shares` is each arm's share of the requests, by `traffic.arm`; `tasks` is the number of tasks on the event loop.
    """

    pid: int
    tasks: int
    ready: bool
    route: dict[str, Any] | None
    route_refused: bool
    shares: dict[str, float]
    engines: dict[str, str]
    shadow: ShadowState | None
    books: Books


def status_of(routes: Routes, ledger: Ledger) -> ProcessStatus:
    """Return the status of this process."""
    route = routes.current
    return ProcessStatus(
        pid=os.getpid(),
        tasks=len(asyncio.all_tasks()),
        ready=route is not None and not routes.draining,
        route={**route.config.as_json(), "config_sha": route.config.config_sha} if route else None,
        route_refused=routes.refused,
        shares=dict(route.config.shares) if route else {},
        engines={name: bounded_text(arm.state.engine or "") for name, arm in route.arms.items()} if route else {},
        shadow=_bounded(route.shadow.state) if route and route.shadow else None,
        books=ledger.books,
    )


def _bounded(shadow: ShadowState) -> ShadowState:
    """Return the state with B's texts bounded: a text that cannot be encoded would break every view of it."""
    return replace(
        shadow,
        engine=shadow.engine and bounded_text(shadow.engine),
        last_failure=shadow.last_failure and bounded_text(shadow.last_failure),
    )


def details(processes: Sequence[ProcessStatus]) -> dict[str, Any]:
    """Return the body of /details: the server as a whole, and each of its processes.

    All processes adopt a new route configuration within a second; `route` and `engines` are the first process's.
    """
    first = next((process for process in processes if process.route), None)
    shadow = _merge([process.shadow for process in processes if process.shadow])
    return {
        "ready": bool(processes) and all(process.ready for process in processes),
        "route": first.route if first else None,
        "engines": first.engines if first else {},
        "shadow": asdict(shadow) if shadow else None,
        "processes": [asdict(process) for process in processes],
    }


def _merge(shadows: Sequence[ShadowState]) -> ShadowState | None:
    """Merge the processes' shadow states: up if all are, counts added, the worst circuit, and no pid."""
    if len(shadows) < 2:
        return shadows[0] if shadows else None
    # The worst of each, because the operator looks here for trouble.
    circuits = [shadow.circuit for shadow in shadows]
    return replace(
        shadows[0],
        up=all(shadow.up for shadow in shadows),
        pid=None,
        waiting=sum(shadow.waiting for shadow in shadows),
        starts=sum(shadow.starts for shadow in shadows),
        circuit=next((state for state in ("open", "half_open") if state in circuits), "closed"),
        last_failure=next((shadow.last_failure for shadow in shadows if shadow.last_failure), None),
    )


def set_gauges(gauges: StateGauges, processes: Sequence[ProcessStatus]) -> None:
    """Set the gauges from the processes' statuses."""
    routes = [process.route for process in processes if process.route]
    shadows = [process.shadow for process in processes if process.shadow]
    gauges.processes.set(sum(process.ready for process in processes))
    gauges.shadow_depth.set(sum(shadow.waiting for shadow in shadows))
    gauges.shadow_up.set(bool(shadows) and all(shadow.up for shadow in shadows))
    gauges.route_refused.set(any(process.route_refused for process in processes))
    gauges.log_waiting.set(sum(process.books.waiting for process in processes))
    gauges.journal_unsettled.set(sum(process.books.unsettled for process in processes))
    gauges.set_arm_shares(next((process.shares for process in processes if process.route), {}))
    gauges.set_routes({(route["strategy"], route["salt"], route["config_sha"]) for route in routes})


def preset_counters(metrics: Metrics, processes: Sequence[ProcessStatus]) -> None:
    """Create the arms' series at 0 before the first scrape: Prometheus cannot see an increase to a first value."""
    for process in processes:
        metrics.preset_counters(process.shares, STATUSES)


class OwnView:
    """The loopback port's view of a server that consists of this process alone."""

    def __init__(self, routes: Routes, ledger: Ledger, metrics: Metrics, deferred: DeferredCalls) -> None:
        self._routes = routes
        self._ledger = ledger
        self._metrics = metrics
        self._deferred = deferred
        self._gauges = StateGauges(metrics.registry)

    async def details(self) -> dict[str, Any]:
        """Return the route in force and the state of the process."""
        return details([status_of(self._routes, self._ledger)])

    async def exposition(self) -> bytes:
        """Return the metrics in the OpenMetrics text format."""
        # Otherwise the scrape would lack the requests of the last 100 ms.
        self._deferred.flush()
        processes = [status_of(self._routes, self._ledger)]
        preset_counters(self._metrics, processes)
        set_gauges(self._gauges, processes)
        return self._metrics.exposition()
