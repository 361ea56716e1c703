"""The loopback port as it is served, and server.json, which says to people and to scripts which ports were taken."""

import contextlib
import json
import os
import socket

import structlog

from miniserve.http.ports import PortServer, listen
from miniserve.log.ledger import STDOUT
from miniserve.loopback.details import View, create_details_app
from miniserve.loopback.live_page import LiveFeed
from miniserve.settings import Settings

_LOOPBACK = "127.0.0.1"
_log = structlog.get_logger()


class Loopback:
    """The loopback port of a server that listens on the socket `public`; raises SettingsError if it cannot be had."""

    def __init__(self, settings: Settings, view: View, public: socket.socket) -> None:
        self._host = settings.host
        self._public_port: int = public.getsockname()[1]
        self._socket = listen(_LOOPBACK, settings.metrics_port)
        self._feed = LiveFeed(None if settings.log_path == STDOUT else settings.log_path, view.details)
        self._server = PortServer(create_details_app(view, self._feed), settings)
        self._address_file = settings.state_dir / "server.json"

    async def serve(self) -> None:
        """Serve until `close`."""
        await self._server.serve([self._socket])

    def announce(self) -> None:
        """Write server.json, and say that the server is ready."""
        address = {
            "pid": os.getpid(),
            "port": self._public_port,
            "metrics_port": self._socket.getsockname()[1],
        }
        temporary = self._address_file.with_suffix(".tmp")
        try:
            temporary.write_text(json.dumps(address), encoding="utf-8")
            temporary.replace(self._address_file)
        except OSError as error:
            _log.error("server.json not written", reason=str(error))
        host = f"[{self._host}]" if ":" in self._host else self._host
        _log.info("ready", url=f"http://{host}:{self._public_port}", **address)

    def close(self) -> None:
        """End what watches, let `serve` return, and remove server.json unless it is another server's by now."""
        self._feed.close()
        self._server.stop()
        with contextlib.suppress(OSError, ValueError, KeyError):
            if json.loads(self._address_file.read_text(encoding="utf-8"))["pid"] == os.getpid():
                self._address_file.unlink()
