"""HTTP/1.1 on a socket, with limits on what comes before the application sees a request.

The head's size, the head's time, and how many connections there are.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 32 * 1024
_REFUSAL = b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class BoundedHeadProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which takes every connection and waits for heads without end for ever, with bounds."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - whatever uvicorn hands over
        head_s: float,
        max_connections: int,
        **kwargs: Any,  # noqa: ANN401 - as above
    ) -> None:
        super().__init__(*args, **kwargs)
        self._head_s = head_s
        self._max_connections = max_connections
        self._head_bytes = 0
        self._in_head = True
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first head, unless there are too many who do."""
        super().connection_made(transport)
        if len(self.connections) > self._max_connections:
            # Beyond it the process would run out of descriptors: for its log, its shadow, and everybody else.
            self._refuse(b"503 Service Unavailable\r\nRetry-After: 1")
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head, and refuse one that is too large."""
        if self._in_head:
            self._wait()
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        """Note the end of a head."""
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the next byte begins a head."""
        super().on_message_complete()
        self._in_head, self._head_bytes = True, 0

    def _refuse(self, status: bytes) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.write(_REFUSAL % status)
            self.transport.close()

    def _wait(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(self._head_s, self._refuse, b"408 Request Timeout")

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
