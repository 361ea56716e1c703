"""The ports: sockets to listen on, and an application served on one with the limits of the settings."""

import contextlib
import socket
from collections.abc import Iterator
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from miniserve.errors import SettingsError
from miniserve.http.protocol import BoundedHeadProtocol
from miniserve.settings import Settings


class PortServer(uvicorn.Server):
    """A uvicorn server that leaves the signals to us: two ports share one process and one way to stop."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        # One second more than an arm may take, so that only what is stuck is cut.
        grace_s = settings.deadline_ms // 1000 + 1
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                http=partial(  # type: ignore[arg-type]  # a factory will do
                    BoundedHeadProtocol, head_s=settings.head_ms / 1e3, max_connections=settings.max_connections
                ),
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

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    def stop(self) -> None:
        """Take no new connections, finish what is in work, and let `serve` return."""
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises SettingsError when the address cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsError(f"cannot listen on {host} port {port}: {error.strerror or error}") from error
