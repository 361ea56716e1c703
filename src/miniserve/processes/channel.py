"""What a parent passes to a server process at its start, and the channel that carries the process's status."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from miniserve.loopback.status import ProcessStatus
from miniserve.traffic import RouteConfig

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True)
class Begin:
    """What a parent writes to the standard input of a process that it starts.

    `slot` numbers the processes from 0; a restarted process keeps the number of the one before. `public_fd` is
    inherited. A restarted process gets the `route` that was in force, as in ProcessStatus. With `load_first` it accepts
    no requests until it has loaded, and leaves them to the other processes.
    """

    slot: int
    public_fd: int
    metrics_folder: str
    route: dict[str, Any] | None
    load_first: bool

    def encode(self) -> bytes:
        """Return what `receive` reads."""
        return _encoder.encode(self)

    @classmethod
    def receive(cls) -> "Begin":
        """Read what the parent wrote; raises msgspec.DecodeError for anything else."""
        return msgspec.json.decode(sys.stdin.buffer.read(), type=cls)

    @property
    def config(self) -> RouteConfig | None:
        """The route configuration to start with, None for the one in the file."""
        if self.route is None:
            return None
        return RouteConfig(**{key: value for key, value in self.route.items() if key != "config_sha"})


class ParentChannel:
    """A server process's end of the channel: answers whatever the parent sends with a line of status."""

    def __init__(self, control: socket.socket, status: Callable[[], ProcessStatus]) -> None:
        self._control = control
        self._status = status
        self._writer: asyncio.StreamWriter | None = None

    async def serve(self) -> None:
        """Answer until the parent closes its end or exits, or until `close`."""
        reader, self._writer = await asyncio.open_connection(sock=self._control)
        with contextlib.suppress(ConnectionError):
            # Requests that have piled up get one answer: only the newest status matters.
            while await reader.read(64):
                self.announce()
                await self._writer.drain()

    def announce(self) -> None:
        """Send the parent the status now, without a request."""
        if self._writer is not None:
            self._writer.write(_encoder.encode(self._status()) + b"\n")

    def close(self) -> None:
        """Close this end of the channel."""
        if self._writer is not None:
            self._writer.close()
