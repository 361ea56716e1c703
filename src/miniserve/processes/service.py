"""A server process: builds the parts behind the public port, runs them, and stops them together.

The companion runs next to the public port: a loopback port, or the channel to a parent.
"""

import asyncio
import gc
import socket
from collections.abc import Sequence
from functools import partial
from typing import Protocol

import structlog

from miniobserve.deferred import DeferredCalls
from miniobserve.metrics.metrics import Metrics
from miniobserve.traces.traces import Traces
from miniserve.errors import ServeError, SettingsError
from miniserve.hosting.hosted_arm import HostedArm
from miniserve.hosting.worker_process import WORKER_COMMAND, WorkerSpec
from miniserve.http.admission import Concurrency, RateLimit
from miniserve.http.app import FrontDoor, create_app
from miniserve.http.keys import Keys
from miniserve.http.ports import PortServer
from miniserve.log.ledger import Ledger
from miniserve.loopback.status import OwnView, ProcessStatus, preset_counters, status_of
from miniserve.processes.stopping import StopRequest
from miniserve.routes.routes import Routes
from miniserve.serve import Responder
from miniserve.settings import Settings
from miniserve.shadow.queue import Shadow, ShadowLimits
from miniserve.tasks.registry import TASKS
from miniserve.tasks.task import Task
from miniserve.traffic import RouteConfig

_RETRY_S = 1.0
_log = structlog.get_logger()


class Companion(Protocol):
    """What runs next to the public port of a server process."""

    async def serve(self) -> None:
        """Run until `close`; if it returns earlier, the process stops."""

    def announce(self) -> None:
        """Report that the process is ready."""

    def close(self) -> None:
        """Report that the process is no longer ready, and make `serve` return; may be called twice."""


class Service:
    """The server process: built and checked by the constructor, run by `run`.

    It starts with `config`, or else with the configuration in the file. Raises ServeError or ModelError if settings,
    configuration or registry are unusable.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        stop_request: StopRequest,
        worker_command: Sequence[str] = WORKER_COMMAND,
        *,
        config: RouteConfig | None = None,
        spans: str = "spans.jsonl",
        deferred: DeferredCalls | None = None,
        tasks: Sequence[Task] = TASKS,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._deferred = deferred or DeferredCalls(metrics.count_failed_call)
        self._stop_request = stop_request
        limits = ShadowLimits(settings.shadow_timeout_ms / 1e3, settings.shadow_queue)

        def make_shadow(name: str, sha: str) -> Shadow:
            spec = WorkerSpec(
                settings.models_dir,
                sha,
                tasks[0].warm_up,
                tuple(worker_command),
                settings.shadow_load_ms / 1e3,
                settings.shadow_memory_mb,
            )
            return Shadow(name, HostedArm(name, spec), limits)

        self._tasks = tuple(tasks)
        self._routes = Routes(settings, make_shadow, tasks[0].warm_up)
        self._keys = Keys(settings.keys_file)
        self._first_config = config or self._routes.first_config()
        try:
            self._ledger = Ledger(settings.state_dir, metrics, traffic_log=settings.log_path)
            self._traces = Traces("miniserve", settings.state_dir / spans, metrics.spans_dropped.inc)
        except OSError as error:
            if error.filename == str(settings.traffic_log):
                raise SettingsError(f"LYNX_TRAFFIC_LOG is {error.filename!r}: {error.strerror}") from error
            raise SettingsError(
                f"LYNX_STATE_DIR is {str(settings.state_dir)!r}: {error.filename}: {error.strerror}"
            ) from error
        except ValueError as error:
            raise SettingsError(f"a variable of OpenTelemetry is unusable: {error}") from error

    @property
    def view(self) -> OwnView:
        """The source of /metrics and /details on a loopback port of this process."""
        return OwnView(self._routes, self._ledger, self._metrics, self._deferred)

    def status(self) -> ProcessStatus:
        """Return this process's status for the parent."""
        found = status_of(self._routes, self._ledger)
        # The parent answers scrapes, but only this process can create its counters at 0.
        preset_counters(self._metrics, [found])
        return found

    async def run(self, public: socket.socket, companion: Companion, *, load_first: bool = False) -> None:
        """Serve the socket until asked to stop; raises ArmNotLoaded if the first configuration does not load.

        While it loads, clients get 503 instead of a refused connection. With `load_first`, this process accepts no
        connections until it has loaded.
        """
        server = PortServer(create_app(self._front_door()), self._settings)
        stop = partial(self._drain, server)
        self._stop_request.handle(asyncio.get_running_loop(), stop)
        failures: list[ServeError] = []
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(companion.serve()).add_done_callback(lambda _: stop())
                background = [group.create_task(self._keep_writing())]
                serving = None if load_first else group.create_task(server.serve([public]))
                if not self._routes.draining:
                    await self._routes.adopt(self._first_config)
                    # What is loaded by now is never freed. Without the freeze, every full garbage collection walks it
                    # and blocks requests for 15 ms and more.
                    gc.freeze()
                    companion.announce()
                    background.append(group.create_task(self._routes.follow()))
                await (serving or server.serve([public]))
                for task in background:
                    task.cancel()
                companion.close()
        except* ServeError as group_error:
            # An exception raised in an except* block is wrapped in a group again, and callers expect a plain one.
            failures = [error for error in group_error.exceptions if isinstance(error, ServeError)]
        finally:
            # In this order: closing the shadow writes lines and ends spans, and the deferred calls log and count those.
            companion.close()
            await self._routes.close(self._settings.drain_ms / 1e3)
            self._ledger.close()
            self._traces.close()
            self._deferred.flush()
        if failures:
            raise failures[0]
        _log.info("stopped")

    def _front_door(self) -> FrontDoor:
        settings, metrics = self._settings, self._metrics
        return FrontDoor(
            self._tasks,
            self._routes,
            Responder(settings.deadline_ms / 1e3, self._ledger, metrics, self._deferred),
            self._ledger,
            self._keys,
            RateLimit(settings.rate_per_s),
            Concurrency(settings.max_inflight, settings.engine_threads),
            self._traces.source,
            metrics,
            self._deferred,
            settings.trust_traceparent,
            settings.body_ms / 1e3,
        )

    def _drain(self, server: PortServer) -> None:
        """Stop: report not ready from now on, and finish the running requests."""
        self._routes.draining = True
        server.stop()

    async def _keep_writing(self) -> None:
        """Retry waiting lines even if no request comes."""
        while True:
            await asyncio.sleep(_RETRY_S)
            self._ledger.flush()
