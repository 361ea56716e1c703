"""Starts a private server: a child process on free loopback ports, with its own state folder and configuration.

For the lab driver, the tests and the benches, which all need a real server to themselves.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from miniserve.errors import ServeError
from miniserve.processes.server_process import SERVER_COMMAND
from miniserve.routes.route_file import RouteFile
from miniserve.routes.shadow_wait import is_in_force
from miniserve.settings import PREFIX
from miniserve.traffic import RouteConfig

_POLL_S = 0.02


class LocalServerError(ServeError):
    """The server did not reach the expected state in time."""


@dataclass(frozen=True)
class Address:
    """The process and ports of a running server."""

    pid: int
    port: int
    metrics_port: int

    @property
    def url(self) -> str:
        """The public port's base URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def metrics_url(self) -> str:
        """The loopback port's base URL."""
        return f"http://127.0.0.1:{self.metrics_port}"


class LocalServer:
    """A server that starts on entering the context and stops with SIGTERM on leaving; it logs to `stderr.log`."""

    def __init__(
        self,
        folder: Path,
        config: RouteConfig | None = None,
        environ: Mapping[str, str] | None = None,
        command: Sequence[str] = SERVER_COMMAND,
    ) -> None:
        self.folder = folder
        self.traffic_log = folder / "traffic.log"
        self.route_file = RouteFile(folder / "route_config.json")
        self._config = config
        self._environ = dict(environ or {})
        self._command = tuple(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._address: Address | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, timeout_s: float = 60) -> None:
        """Start the process and wait until it is ready; LocalServerError has its last log lines if it is not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # Its appearance means "ready"; one of a killed server would say so too early.
        (self.folder / "server.json").unlink(missing_ok=True)
        if self._config is not None:
            self.route_file.write(self._config)
        # Settings in the caller's shell must not change a test or a measurement.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        own = {
            "LYNX_PORT": "0",
            "LYNX_METRICS_PORT": "0",
            "LYNX_STATE_DIR": str(self.folder),
            "LYNX_ROUTE_CONFIG": str(self.route_file.path),
        }
        with (self.folder / "stderr.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own server, or the caller's
                self._command, env=inherited | own | self._environ, stdin=subprocess.DEVNULL, stderr=log
            )
        try:
            self.wait_for((self.folder / "server.json").exists, "ready", timeout_s)
        except LocalServerError:
            self.kill()
            raise
        self._address = Address(**json.loads((self.folder / "server.json").read_text(encoding="utf-8")))

    @property
    def address(self) -> Address:
        """The server's process and ports; raises LocalServerError before `start`."""
        if self._address is None:
            raise LocalServerError("the server was not started")
        return self._address

    def adopt(self, config: RouteConfig) -> None:
        """Write a configuration and wait until it is in force, its shadow loaded."""
        self.route_file.write(config)
        self.wait_for(lambda: self._in_force(config), f"configuration {config.config_sha[:12]} in force")

    def details(self) -> dict[str, Any]:
        """Return /details of the loopback port."""
        found: dict[str, Any] = httpx.get(f"{self.address.metrics_url}/details", timeout=10).json()
        return found

    def metrics(self) -> str:
        """Return the metrics as Prometheus would scrape them."""
        return httpx.get(f"{self.address.metrics_url}/metrics", timeout=10).text

    def wait_for(self, condition: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
        """Wait until the condition holds; raises LocalServerError on a timeout or if the process has exited."""
        until = time.monotonic() + timeout_s
        while not condition():
            if self._process is None or self._process.poll() is not None:
                raise LocalServerError(f"the server ended before it was {what}: {self._last_lines()}")
            if time.monotonic() > until:
                raise LocalServerError(f"the server was not {what} after {timeout_s:g} s: {self._last_lines()}")
            time.sleep(_POLL_S)

    def wait_for_shadow(self) -> None:
        """Wait until the shadow has loaded and no shadow run is left."""
        self.wait_for(self._shadow_idle, "idle, its shadow up")

    def stop(self, timeout_s: float = 30) -> int:
        """Stop the server with SIGTERM and let it drain; returns its exit code, -9 if it had to be killed."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """Kill the server."""
        if self._process is None:
            return 0
        self._process.kill()
        return self._process.wait()

    def _in_force(self, config: RouteConfig) -> bool:
        found = self.details()
        up = found["shadow"] is None or found["shadow"]["up"]
        return up and is_in_force(found, config.config_sha)

    def _shadow_idle(self) -> bool:
        shadow = self.details()["shadow"]
        return shadow is not None and shadow["up"] and shadow["waiting"] == 0

    def _last_lines(self) -> str:
        lines = (self.folder / "stderr.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return " | ".join(lines[-3:]) or "it logged nothing"
