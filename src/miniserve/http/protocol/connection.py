"""One connection: passes what the client sends to the parser, and enforces a deadline in every state."""

import asyncio
from http import HTTPStatus
from typing import Protocol, assert_never

import structlog
from starlette.types import ASGIApp

from miniserve.http.problem import raw_problem
from miniserve.http.protocol.deadline import Deadline, State, seconds_for
from miniserve.http.protocol.exchange import Addresses, Exchange
from miniserve.http.protocol.limits import (
    HIGH_WATER_BYTES,
    MAX_DISCARDED_BYTES,
    PARSED_AT_ONCE_BYTES,
    Limits,
)
from miniserve.http.protocol.parser import BadRequest, Head, RequestParser
from miniserve.http.protocol.pipeline import Pipeline

_log = structlog.get_logger()


class Owner(Protocol):
    """What a connection needs of its server."""

    app: ASGIApp
    limits: Limits
    connections: "set[Connection]"
    tasks: set[asyncio.Task[None]]
    stopping: bool

    def on_lost(self, connection: "Connection") -> None:
        """Forget a connection."""


class Connection(asyncio.Protocol):
    """HTTP/1.1 on a socket. Requests are answered in order; while one waits in the queue, no more are parsed."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._limits = owner.limits
        self._loop = asyncio.get_running_loop()
        self._parser = RequestParser(self)
        self._transport: asyncio.Transport
        self._addresses: Addresses = {}
        self._unparsed = b""
        self._pipeline = Pipeline(self._start)
        self._served_any = self._eof = self._closing = self._draining = False
        self._discarded_bytes = 0
        self._reading = True
        self._resumed: asyncio.Event | None = None  # None while the client reads what is written
        self._waits_for: tuple[State, Exchange | None] | None = None
        self._deadline = Deadline(self._loop, self._on_deadline)
        self._write_timer: asyncio.TimerHandle | None = None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a stream socket's
        """Wait for the first head, or refuse the connection if there are too many."""
        self._transport = transport
        self._owner.connections.add(self)
        for key, name in (("client", "peername"), ("server", "sockname")):
            address = transport.get_extra_info(name)
            self._addresses[key] = (str(address[0]), int(address[1])) if address else None
        if len(self._owner.connections) > self._limits.max_connections:
            # Beyond the limit, the process would run out of descriptors for its log, its shadow and other clients.
            # Close without lingering, because a lingering connection still holds a descriptor.
            self.write(_refusal(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections: expected fewer"))
            self._closing = True
            self._transport.close()
        elif self._owner.stopping:
            self.shutdown()
        self._update()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers, and wake the application."""
        self._closing = True
        self._deadline.cancel_timer()
        if self._write_timer is not None:
            self._write_timer.cancel()
        if self._resumed is not None:
            self._resumed.set()
        self._pipeline.lose()
        self._owner.on_lost(self)

    def data_received(self, data: bytes) -> None:
        """Parse the data, or discard it if nothing more is parsed on this connection."""
        if self._parsing_is_over:
            self._discarded_bytes += len(data)
            if self._discarded_bytes > MAX_DISCARDED_BYTES:
                self.abort()
            return
        self._unparsed += data
        self.on_progress()

    def eof_received(self) -> bool:
        """Stay open while a request is unanswered: a client may close its sending side after its request."""
        self._eof = True
        if self._closing or self._pipeline.current is None:
            return False
        self._update()
        return True

    def pause_writing(self) -> None:
        """Pause the application while the client does not read, and abort if that lasts too long."""
        self._resumed = asyncio.Event()
        self._write_timer = self._loop.call_later(self._limits.write_s, self.abort)

    def resume_writing(self) -> None:
        """Let the application continue."""
        if self._write_timer is not None:
            self._write_timer.cancel()
        if self._resumed is not None:
            self._resumed.set()
        self._resumed = None

    # What the parser calls.

    def on_head(self, head: Head) -> None:
        """Start the application on a request, or queue the request behind earlier ones."""
        self._pipeline.add(Exchange(head, self, self._addresses))

    def on_body(self, data: bytes) -> None:
        """Pass on a part of the body."""
        self._pipeline.add_body(data)

    def on_end(self) -> None:
        """End the body."""
        self._pipeline.end_body()

    # What an exchange calls.

    def write(self, data: bytes) -> None:
        """Send bytes to the client."""
        if not self._transport.is_closing():
            self._transport.write(data)

    @property
    def writable(self) -> bool:
        """Whether the client reads what is written."""
        return self._resumed is None

    async def wait_until_writable(self) -> None:
        """Wait until the client reads again, or is gone."""
        if self._resumed is not None:
            await self._resumed.wait()

    def abort(self) -> None:
        """Drop the connection, and everything that the client has not read."""
        self._closing = True
        self._transport.abort()

    def on_progress(self) -> None:
        """Do whatever is possible now: parse, start the next request, close."""
        self._advance()
        while self._unparsed and not self._parsing_is_over and not self._pipeline.held_up:
            piece, self._unparsed = self._unparsed[:PARSED_AT_ONCE_BYTES], self._unparsed[PARSED_AT_ONCE_BYTES:]
            try:
                self._parser.feed(piece)
            except BadRequest as refused:
                self._refuse(refused.status, refused.detail)
            # Before held_up is checked again: the request that starts now may wait for a body that is not parsed yet.
            self._advance()
        self._update()

    # What the server calls.

    def shutdown(self) -> None:
        """Close as soon as the running request, if there is one, is answered."""
        self._draining = True
        if self._closing:
            return
        if self._pipeline.current is not None:
            self._pipeline.current.keep_alive = False
        elif self._parser.between_requests:
            self._close()
        else:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "the server is stopping: try again")
        self._waits_for = None  # the deadlines are shorter now
        self.on_progress()

    # Internal.

    @property
    def _parsing_is_over(self) -> bool:
        return self._closing or self._pipeline.refusal is not None or self._parser.finished

    def _start(self, exchange: Exchange) -> None:
        self._served_any = True
        if self._draining:
            exchange.keep_alive = False
        task = self._loop.create_task(exchange.run(self._owner.app))
        self._owner.tasks.add(task)
        task.add_done_callback(self._owner.tasks.discard)

    def _advance(self) -> None:
        """Start the next request, or write the refusal and close, once the earlier requests are complete."""
        if not self._closing and self._pipeline.advance(eof=self._eof and not self._unparsed):
            if self._pipeline.current is None and self._pipeline.refusal is not None:
                self.write(self._pipeline.refusal)
            self._close()

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Send a refusal in place of the application's response, in request order, and close."""
        _log.info("refused before there was a request", status=int(status), reason=detail)
        refusal = _refusal(status, detail)
        if self._pipeline.refuse(refusal):
            self.write(refusal)
            self._close()

    def _close(self) -> None:
        """Close; linger if the client may still be sending, because a reset could overtake the response."""
        self._closing = True
        refused = self._pipeline.refusal is not None
        unread = self._pipeline.body_incomplete or refused or self._unparsed or self._discarded_bytes
        self._unparsed = b""
        if unread and not self._eof and not self._transport.is_closing():
            self._transport.write_eof()
        else:
            self._transport.close()
        self._update()

    def _update(self) -> None:
        """Set the deadline for the connection's present state, and pause or resume reading."""
        if self._eof and not self._unparsed:
            self._pipeline.abandon()
        reading = self._closing or len(self._unparsed) <= HIGH_WATER_BYTES
        if reading is not self._reading and not self._transport.is_closing():
            self._reading = reading
            (self._transport.resume_reading if reading else self._transport.pause_reading)()
        now_waits_for = (self._state(), self._pipeline.current)
        # Only on a change: data that trickles in must not extend the deadline.
        if now_waits_for != self._waits_for:
            self._waits_for = now_waits_for
            unsent = self._transport.get_write_buffer_size() > 0
            self._deadline.set(seconds_for(now_waits_for[0], self._limits, draining=self._draining, unsent=unsent))

    def _state(self) -> State:
        if self._closing:
            return State.CLOSING
        current = self._pipeline.current
        if current is None:
            return State.IDLE if self._served_any and self._parser.between_requests else State.HEAD
        if current.response_complete:
            return State.DRAIN
        return State.WORK if current.body_complete else State.BODY

    def _on_deadline(self) -> None:
        state = self._state()
        match state:
            case State.IDLE | State.DRAIN:
                self._close()
            case State.HEAD:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"the head is not complete after {self._limits.head_s:g} s")
                self._advance()
            case State.BODY if self._pipeline.current is not None and not self._pipeline.current.abandoned:
                # Tell the application first: its 408 has more detail, and it counts the request.
                self._pipeline.abandon()
                self._deadline.set(self._limits.body_slack_s)
            case State.BODY:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT, "the body is not complete in time")
            case State.CLOSING:
                self.abort()
            case State.WORK:
                pass
            case _:
                assert_never(state)


def _refusal(status: HTTPStatus, detail: str) -> bytes:
    retry = {"Retry-After": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return raw_problem(status, detail, retry)
