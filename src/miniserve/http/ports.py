"""Listening sockets, and a server that serves an ASGI application on them within the limits of the settings."""

import asyncio
import socket

import structlog
from starlette.types import ASGIApp

from miniserve.errors import SettingsError
from miniserve.http.protocol.connection import Connection
from miniserve.http.protocol.limits import Limits
from miniserve.settings import Settings

# How long cancelled requests may take to answer 503.
_CANCELLED_S = 1.0
_log = structlog.get_logger()


class PortServer:
    """Serves an ASGI application on sockets until `stop`; does not handle signals, lifespan or processes."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.limits = Limits(settings.head_ms / 1e3, settings.body_ms / 1e3, settings.max_connections)
        self.connections: set[Connection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.stopping = False
        self._stop = asyncio.Event()
        self._empty = asyncio.Event()
        # One second more than an arm may take, so that only stuck requests are cancelled.
        self._grace_s = settings.deadline_ms // 1000 + 1

    async def serve(self, sockets: list[socket.socket]) -> None:
        """Serve until `stop`, then accept no more connections and finish the running requests."""
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(lambda: Connection(self), sock=each, backlog=2048) for each in sockets]
        await self._stop.wait()
        self.stopping = True
        for server in servers:
            server.close()
        for each in sockets:
            each.close()
        for connection in list(self.connections):
            connection.shutdown()
        await self._finish()

    def stop(self) -> None:
        """Accept no new connections, finish the running requests, and make `serve` return."""
        self._stop.set()

    def on_lost(self, connection: Connection) -> None:
        """Forget a connection."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    async def _finish(self) -> None:
        """Wait for the running requests, cancel those that are too slow, then drop their connections."""
        try:
            async with asyncio.timeout(self._grace_s):
                while self.connections:
                    self._empty.clear()
                    await self._empty.wait()
                while self.tasks:
                    await asyncio.wait(self.tasks)
        except TimeoutError:
            _log.warning("requests cancelled", requests=len(self.tasks), connections=len(self.connections))
            if self.tasks:
                for task in self.tasks:
                    task.cancel("grace period at shutdown is over")
                await asyncio.wait(self.tasks, timeout=_CANCELLED_S)
            for connection in list(self.connections):
                connection.abort()


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises SettingsError if the address is unavailable."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsError(f"cannot listen on {host} port {port}: {error.strerror or error}") from error
