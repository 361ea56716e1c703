"""Answers 503 while all server processes are down, so that clients do not wait on a connection nobody accepts."""

import asyncio
import contextlib
import os
import socket

_CLIENT_TIMEOUT_S = 1.0
_ANSWER = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class StandIn:
    """Accepts connections from the public socket while it is active; never closes that socket."""

    def __init__(self, public: socket.socket) -> None:
        self._public = public
        self._server: asyncio.Server | None = None

    async def set_active(self, active: bool) -> None:
        """Start or stop answering."""
        if active and self._server is None:
            # A duplicate descriptor, because closing the asyncio server closes the socket that it listens on.
            own = socket.socket(fileno=os.dup(self._public.fileno()))
            self._server = await asyncio.start_server(_refuse, sock=own)
        elif not active and self._server is not None:
            self._server.close()
            self._server = None


async def _refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # Read until the client closes: closing with unread bytes sends a reset, and the client may lose the answer
    # (RFC 9112, section 9.6).
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_CLIENT_TIMEOUT_S):
            await reader.read(64 * 1024)
            writer.write(_ANSWER)
            writer.write_eof()
            while await reader.read(64 * 1024):
                pass
    writer.close()
