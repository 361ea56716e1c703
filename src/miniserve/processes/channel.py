"""A server process that has a parent: what it begins with, and the channel on which it tells the parent its status."""

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
    """What a parent tells the process that it starts, on its standard input.

    `slot` is its place among the processes, kept by whoever follows it there; descriptors are inherited. A process that
    follows another gets the `route` that was in force, as ProcessStatus tells it. With `load_first` it leaves requests
    to the others until it has loaded.
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
        """Read what the parent wrote; raises msgspec.ValidationError for anything else."""
        return msgspec.json.decode(sys.stdin.buffer.read(), type=cls)

    @property
    def config(self) -> RouteConfig | None:
        """The route configuration to begin with, None for that of the file."""
        if self.route is None:
            return None
        return RouteConfig(**{key: value for key, value in self.route.items() if key != "config_sha"})


class ParentChannel:
    """The companion of a process that has a parent: answers each of its bytes with a line, ends with it."""

    def __init__(self, control: socket.socket, status: Callable[[], ProcessStatus]) -> None:
        self._control = control
        self._status = status
        self._writer: asyncio.StreamWriter | None = None

    async def serve(self) -> None:
        """Answer until the parent closes its end, or is gone, or `close`."""
        reader, self._writer = await asyncio.open_connection(sock=self._control)
        with contextlib.suppress(ConnectionError):
            while await reader.read(64):
                self.announce()
                await self._writer.drain()

    def announce(self) -> None:
        """Tell the parent the status, unasked."""
        if self._writer is not None:
            self._writer.write(_encoder.encode(self._status()) + b"\n")

    def close(self) -> None:
        """Close this end; the parent reads on from what it knows."""
        if self._writer is not None:
            self._writer.close()
