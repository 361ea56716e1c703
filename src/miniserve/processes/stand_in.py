"""Answers for a server that has no process at the moment: 503 at once, instead of a connection that nobody takes."""

import asyncio
import contextlib
import os
import socket

_PATIENCE_S = 1.0
_ANSWER = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class StandIn:
    """Takes connections from the public socket while it is told to; the socket itself stays its owner's."""

    def __init__(self, public: socket.socket) -> None:
        self._public = public
        self._server: asyncio.Server | None = None

    async def stand(self, *, needed: bool) -> None:
        """Begin to answer, or stop."""
        if needed and self._server is None:
            # A descriptor of its own, because closing the server closes what it listens on.
            own = socket.socket(fileno=os.dup(self._public.fileno()))
            self._server = await asyncio.start_server(_refuse, sock=own)
        elif not needed and self._server is not None:
            self._server.close()
            self._server = None


async def _refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # What a client sends is read to its end: closing on unread bytes could take the answer back (RFC 9112, 9.6).
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_PATIENCE_S):
            await reader.read(64 * 1024)
            writer.write(_ANSWER)
            writer.write_eof()
            while await reader.read(64 * 1024):
                pass
    writer.close()
