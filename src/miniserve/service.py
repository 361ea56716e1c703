"""The server process: both ports, the parts behind them, and how they stop together."""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import structlog
import uvicorn
from starlette.types import ASGIApp

from miniobserve.metrics import Metrics
from miniobserve.traces import tracer_provider
from miniserve.admission import Concurrency, Keys, RateLimit
from miniserve.app import FrontDoor, create_app
from miniserve.details import create_details_app
from miniserve.errors import ServeError, SettingsError
from miniserve.ledger import Ledger
from miniserve.live_page import LiveFeed
from miniserve.protocol import BoundedHeadProtocol
from miniserve.routes import Routes
from miniserve.settings import Settings
from miniserve.shadow import Shadow, ShadowLimits
from miniserve.status import OwnView
from miniserve.tutor import Tutor
from miniserve.worker_process import WORKER_COMMAND

_log = structlog.get_logger()
_LOOPBACK = "127.0.0.1"


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to us: two ports share one process and one way to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Service:
    """The server process: built and checked by the constructor, run by `run`.

    Raises ServeError or ModelError on settings, configuration or registry that cannot work.
    """

    def __init__(self, settings: Settings, metrics: Metrics, worker_command: Sequence[str] = WORKER_COMMAND) -> None:
        self._settings = settings
        self._metrics = metrics
        limits = ShadowLimits(
            settings.shadow_timeout_ms / 1e3,
            settings.shadow_load_ms / 1e3,
            settings.shadow_queue,
            settings.shadow_memory_mb,
        )

        def make_shadow(arm: str, sha: str) -> Shadow:
            return Shadow(arm, sha, settings.models_dir, limits, worker_command)

        self._routes = Routes(settings, make_shadow)
        self._keys = Keys(settings.keys_file)
        self._first_config = self._routes.first_config()
        try:
            self._ledger = Ledger(settings.state_dir, metrics)
            self._traces = tracer_provider("miniserve", settings.state_dir / "spans.jsonl", metrics.spans_dropped.inc)
        except OSError as error:
            raise SettingsError(f"LYNX_STATE_DIR is {str(settings.state_dir)!r}: {error.strerror}") from error
        except ValueError as error:
            raise SettingsError(f"a variable of OpenTelemetry is unusable: {error}") from error

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; raises ArmNotLoaded when the first configuration does not load."""
        settings = self._settings
        tracer = self._traces.get_tracer("miniserve")
        tutor = Tutor(settings.deadline_ms / 1e3, self._ledger, tracer, self._metrics)
        door = FrontDoor(
            self._routes,
            tutor,
            self._ledger,
            self._keys,
            RateLimit(settings.rate_per_s),
            Concurrency(settings.max_inflight, settings.engine_threads),
            tracer,
            self._metrics,
            settings.trust_traceparent,
            settings.body_ms / 1e3,
        )
        public = self._server(create_app(door))
        view = OwnView(self._routes, self._ledger, self._metrics)
        feed = LiveFeed(settings.state_dir / "traffic.log", view.details)
        details = self._server(create_details_app(view, feed))
        sockets = _listen(settings.host, settings.port), _listen(_LOOPBACK, settings.metrics_port)
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, self._drain, feed, public, details)
        failures: list[ServeError] = []
        try:
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(public.serve([sockets[0]]))
                group.create_task(details.serve([sockets[1]]))
                # Clients get 503 until this is done, instead of a refused connection.
                await self._routes.adopt(self._first_config)
                self._announce(*sockets)
                following = group.create_task(self._routes.follow())
                await serving
                following.cancel()
                feed.close()
                _stop(details)
        except* ServeError as group_error:
            # Raised here it would come out in a group again, which nobody further up looks into.
            failures = [error for error in group_error.exceptions if isinstance(error, ServeError)]
        finally:
            await self._routes.close(settings.drain_ms / 1e3)
            self._ledger.close()
            self._traces.shutdown()
            self._withdraw()
        if failures:
            raise failures[0]
        _log.info("stopped")

    @property
    def _address_file(self) -> Path:
        return self._settings.state_dir / "server.json"

    def _server(self, app: ASGIApp) -> _Server:
        # One second more than an arm may take, so that only what is stuck is cut.
        grace_s = self._settings.deadline_ms // 1000 + 1
        return _Server(
            uvicorn.Config(
                app,
                lifespan="off",
                http=partial(BoundedHeadProtocol, head_s=self._settings.head_ms / 1e3),  # type: ignore[arg-type]  # a factory will do
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                # Whoever can reach us could name any address in X-Forwarded-For, and so escape its rate limit.
                proxy_headers=False,
                workers=1,
                timeout_graceful_shutdown=grace_s,
            )
        )

    def _drain(self, feed: LiveFeed, *servers: uvicorn.Server) -> None:
        """Stop as asked: not ready from here on, what is in work is finished."""
        self._routes.draining = True
        feed.close()
        _stop(*servers)

    def _announce(self, public: socket.socket, details: socket.socket) -> None:
        """Say, to people and to scripts, which ports were taken."""
        address = {"pid": os.getpid(), "port": public.getsockname()[1], "metrics_port": details.getsockname()[1]}
        temporary = self._address_file.with_suffix(".tmp")
        try:
            temporary.write_text(json.dumps(address), encoding="utf-8")
            temporary.replace(self._address_file)
        except OSError as error:
            _log.error("server.json not written", reason=str(error))
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        _log.info("ready", url=f"http://{host}:{address['port']}", **address)

    def _withdraw(self) -> None:
        """Remove server.json, unless it is another server's by now."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            if json.loads(self._address_file.read_text(encoding="utf-8"))["pid"] == os.getpid():
                self._address_file.unlink()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsError(f"cannot listen on {host} port {port}: {error.strerror or error}") from error


def _stop(*servers: uvicorn.Server) -> None:
    for server in servers:
        server.should_exit = True
