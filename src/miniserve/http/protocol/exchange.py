"""One request and its response: the `receive` and `send` that the ASGI application is called with."""

import asyncio
import re
import time
from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import Protocol

import structlog
from starlette.types import ASGIApp, Message, Scope

from miniserve.http.problem import raw_problem
from miniserve.http.protocol.limits import HIGH_WATER_BYTES, MAX_DRAINED_BYTES
from miniserve.http.protocol.parser import Head

_log = structlog.get_logger()
_STATUS_LINES = {int(status): f"HTTP/1.1 {int(status)} {status.phrase}\r\n".encode() for status in HTTPStatus}
# A line break in a header's name or value would start another header.
_ILLEGAL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
# "client" and "server", each with host and port.
Addresses = dict[str, tuple[str, int] | None]
_ASGI = {"version": "3.0", "spec_version": "2.3"}
_NO_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class Wire(Protocol):
    """What an exchange needs of its connection."""

    def write(self, data: bytes) -> None:
        """Send bytes to the client."""

    @property
    def writable(self) -> bool:
        """Whether the client reads what is written."""

    async def wait_until_writable(self) -> None:
        """Wait until the client reads again, or is gone."""

    def abort(self) -> None:
        """Drop the connection: the client has part of a response that will not be completed."""

    def on_progress(self) -> None:
        """Note that the body was read, or the response is complete."""


class Exchange:
    """Buffers the body until the application receives it; writes the response as the application sends it."""

    def __init__(self, head: Head, wire: Wire, addresses: Addresses) -> None:
        self._head = head
        self._addresses = addresses
        self._wire = wire
        self._body = bytearray()
        self._wake = asyncio.Event()
        # Set when the client sends no more, or when we stop waiting for it. A response can still be sent.
        self.abandoned = False
        # Set when nothing can reach the client any more.
        self._lost = False
        self._handed_over = False
        self._start = b""
        self._chunked = self._bodiless = False
        # Remaining bytes of the response's Content-Length.
        self._left: int | None = None
        self._continue_wanted = head.expects_continue
        self.body_complete = False
        self.response_started = False
        self.response_complete = False
        self.keep_alive = head.keep_alive

    @property
    def body_waiting(self) -> bool:
        """Whether so much of the body is buffered that reading from the client should stop."""
        return len(self._body) > HIGH_WATER_BYTES

    def add_body(self, data: bytes) -> None:
        """Buffer a part of the body; after the response it is discarded."""
        self._continue_wanted = False  # the client did not wait for it
        if not self.response_complete:
            self._body += data
            self._wake.set()

    def end_body(self) -> None:
        """Note that the body is complete."""
        self.body_complete = True
        self._wake.set()

    def abandon(self) -> None:
        """Tell the application that the client sends no more; it may still respond."""
        self.abandoned = True
        self._wake.set()

    def lose(self) -> None:
        """Tell the application that the client is gone, and drop what it sends."""
        self._lost = True
        self.abandon()

    async def run(self, app: ASGIApp) -> None:
        """Call the application, and send an error response if it does not respond."""
        try:
            await app(self._scope(), self._receive, self._send)
        except asyncio.CancelledError:
            # The grace period at shutdown is over. Not raised again: the task ends here, and its client gets an answer.
            self._answer_instead(HTTPStatus.SERVICE_UNAVAILABLE, "the server is stopping: try again")
        except Exception:  # noqa: BLE001 - the client gets a response whatever the application raises
            _log.exception("the application failed", path=self._head.path)
            self._answer_instead(HTTPStatus.INTERNAL_SERVER_ERROR, "an internal error, see the server's log")
        else:
            if not self.response_complete and not self._lost:
                _log.error("the application sent no complete response", path=self._head.path)
                self._answer_instead(HTTPStatus.INTERNAL_SERVER_ERROR, "an internal error, see the server's log")

    def _scope(self) -> Scope:
        head = self._head
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": head.version,
            **self._addresses,
            "scheme": "http",
            "method": head.method,
            "root_path": "",
            "path": head.path,
            "raw_path": head.raw_path,
            "query_string": head.query,
            "headers": head.headers,
            "state": {},
        }

    def _answer_instead(self, status: HTTPStatus, detail: str) -> None:
        if self._lost or self.response_complete:
            return
        if self.response_started:
            self._wire.abort()
            return
        retry = {"Retry-After": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
        self.keep_alive = False
        self.response_started = self.response_complete = True
        self._wire.write(raw_problem(status, detail, retry))
        self._wire.on_progress()

    async def _receive(self) -> Message:
        if self._continue_wanted and not self._lost:
            self._continue_wanted = False
            self._wire.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not self.response_complete:
            # A complete body is passed on even if the client has closed its sending side after it.
            if self._body or (self.body_complete and not self._handed_over):
                message = {"type": "http.request", "body": bytes(self._body), "more_body": not self.body_complete}
                self._handed_over = self.body_complete
                if self.body_waiting:
                    self._body.clear()
                    self._wire.on_progress()  # reading was paused
                else:
                    self._body.clear()
                return message
            if self.abandoned:
                break
            self._wake.clear()
            await self._wake.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if not self._wire.writable:
            await self._wire.wait_until_writable()
        if self._lost:
            return
        kind = message["type"]
        if kind == "http.response.start" and not self._start and not self.response_started:
            self._start = self._head_of(message["status"], message.get("headers", ()))
        elif kind == "http.response.body" and not self.response_complete and (self._start or self.response_started):
            self._send_body(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"the application sent {kind} out of order")

    def _head_of(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Return the response's head, which is sent together with the first part of the body."""
        if not self.body_complete and (self._continue_wanted or (self._head.length or 0) > MAX_DRAINED_BYTES):
            # We do not know whether the client will send its body, or the body is too large to drain.
            self.keep_alive = False
        lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status, _date_line()]
        for name, value in headers:
            if _ILLEGAL.search(name) or _ILLEGAL.search(value):
                raise ValueError(f"the response header {name!r} has a control character")
            if name == b"content-length":
                self._left = int(value)
            elif name == b"connection":
                # This class decides about closing; the application may only ask for it.
                self.keep_alive = self.keep_alive and value.lower() != b"close"
                continue
            lines += (name, b": ", value, b"\r\n")
        if self._head.method == "HEAD" or status in _NO_BODY:
            self._bodiless = True
        elif self._left is None and self._head.version == "1.1":
            self._chunked = True
            lines.append(b"transfer-encoding: chunked\r\n")
        elif self._left is None:
            self.keep_alive = False  # HTTP/1.0 has no chunks, so the end of the connection ends the body
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)

    def _send_body(self, data: bytes, *, more: bool) -> None:
        if self._bodiless:
            data = b""
        elif self._chunked:
            data = (b"%x\r\n%b\r\n" % (len(data), data) if data else b"") + (b"" if more else b"0\r\n\r\n")
        elif self._left is not None:
            self._left -= len(data)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError(f"the response's Content-Length is off by {-self._left} bytes")
        self.response_started = True
        self.response_complete = not more
        self._wire.write(self._start + data)
        self._start = b""
        if not more:
            self._wake.set()
            self._wire.on_progress()


_date = (0, b"")


def _date_line() -> bytes:
    """Return the Date header, cached because it changes only once a second."""
    global _date  # noqa: PLW0603 - a cache of one value, on one event loop
    now = int(time.time())
    if _date[0] != now:
        _date = (now, b"date: " + formatdate(now, usegmt=True).encode() + b"\r\n")
    return _date[1]
