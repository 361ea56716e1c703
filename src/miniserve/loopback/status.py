"""What a server process tells of itself, and what that says of the server: details and gauges, of one or of several."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from minieval.record.statuses import STATUSES
from miniobserve.later import Later
from miniobserve.metrics.gauges import StateGauges
from miniobserve.metrics.metrics import Metrics
from miniserve.log.ledger import Books, Ledger
from miniserve.routes.routes import Routes
from miniserve.shadow.queue import ShadowState


@dataclass(frozen=True)
class ProcessStatus:
    """One server process: `route` is its configuration in force with its `config_sha`, None until the first is.

    `shares` is what the configuration gives each arm, by `traffic.arm`; `tasks` are those of the event loop.
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
        engines={name: arm.state.engine or "" for name, arm in route.arms.items()} if route else {},
        shadow=route.shadow.state if route and route.shadow else None,
        books=ledger.books,
    )


def details(processes: Sequence[ProcessStatus]) -> dict[str, Any]:
    """Return what /details says: the server as one, and each of its processes.

    Processes follow the route configuration within a moment of each other; `route` and `engines` are the first's.
    """
    first = next((process for process in processes if process.route), None)
    shadow = _together([process.shadow for process in processes if process.shadow])
    return {
        "ready": bool(processes) and all(process.ready for process in processes),
        "route": first.route if first else None,
        "engines": first.engines if first else {},
        "shadow": asdict(shadow) if shadow else None,
        "processes": [asdict(process) for process in processes],
    }


def _together(shadows: Sequence[ShadowState]) -> ShadowState | None:
    """Return several processes' shadows as one: up when all are, counts added, the worst circuit, no pid of its own."""
    if len(shadows) < 2:
        return shadows[0] if shadows else None
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


def show(gauges: StateGauges, processes: Sequence[ProcessStatus]) -> None:
    """Set the gauges to what the processes tell."""
    routes = [process.route for process in processes if process.route]
    shadows = [process.shadow for process in processes if process.shadow]
    gauges.processes.set(sum(process.ready for process in processes))
    gauges.shadow_depth.set(sum(shadow.waiting for shadow in shadows))
    gauges.shadow_up.set(bool(shadows) and all(shadow.up for shadow in shadows))
    gauges.route_refused.set(any(process.route_refused for process in processes))
    gauges.log_waiting.set(sum(process.books.waiting for process in processes))
    gauges.journal_unsettled.set(sum(process.books.unsettled for process in processes))
    gauges.arms_are_to_get(next((process.shares for process in processes if process.route), {}))
    gauges.routes_in_force({(route["strategy"], route["salt"], route["config_sha"]) for route in routes})


def expect(metrics: Metrics, processes: Sequence[ProcessStatus]) -> None:
    """Begin at 0 what the processes' arms may count, before they are scraped."""
    for process in processes:
        metrics.expect(process.shares, STATUSES)


class OwnView:
    """What the loopback port shows of a server that is one process: this one."""

    def __init__(self, routes: Routes, ledger: Ledger, metrics: Metrics, later: Later) -> None:
        self._routes = routes
        self._ledger = ledger
        self._metrics = metrics
        self._later = later
        self._gauges = StateGauges(metrics.registry)

    async def details(self) -> dict[str, Any]:
        """Return the route in force and the state of the process."""
        return details([status_of(self._routes, self._ledger)])

    async def exposition(self) -> bytes:
        """Return the metrics in the OpenMetrics text format."""
        self._later.settle()
        processes = [status_of(self._routes, self._ledger)]
        expect(self._metrics, processes)
        show(self._gauges, processes)
        return self._metrics.exposition()
