"""The server on the loopback port, and server.json, which tells people and scripts the ports in use."""

import contextlib
import json
import os
import socket

import structlog

from minieval.files import write_atomically
from minimodel.small_files import read_version
from miniserve.http.ports import PortServer, listen
from miniserve.log.ledger import STDOUT
from miniserve.loopback.details import View, create_details_app
from miniserve.loopback.live_feed import LiveFeed
from miniserve.settings import Settings

_LOOPBACK = "127.0.0.1"
_log = structlog.get_logger()


class Loopback:
    """The loopback port of a server whose public socket is `public`; raises SettingsError if it is unavailable."""

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
        """Write server.json, and log that the server is ready."""
        address = {
            "pid": os.getpid(),
            "port": self._public_port,
            "metrics_port": self._socket.getsockname()[1],
        }
        try:
            write_atomically(self._address_file, json.dumps(address).encode(), durable=True)
        except OSError as error:  # the server works without it
            _log.error("server.json not written", reason=str(error))
        host = f"[{self._host}]" if ":" in self._host else self._host
        _log.info("ready", url=f"http://{host}:{self._public_port}", **address)

    def close(self) -> None:
        """End all event streams, make `serve` return, and remove server.json unless another server owns it."""
        self._feed.close()
        self._server.stop()
        with contextlib.suppress(OSError, ValueError, KeyError):
            if json.loads(read_version(self._address_file, 1024).content)["pid"] == os.getpid():
                self._address_file.unlink()
