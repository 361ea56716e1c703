"""The requests of one connection: the current one, those queued behind it, and the refusal at the end."""

from collections import deque
from collections.abc import Callable

from miniserve.http.protocol.exchange import Exchange
from miniserve.http.protocol.limits import MAX_DRAINED_BYTES


class Pipeline:
    """Requests are answered in the order of their arrival (RFC 9112, section 9.3.2)."""

    def __init__(self, start: Callable[[Exchange], None]) -> None:
        self._start = start
        self.current: Exchange | None = None
        self._waiting: deque[Exchange] = deque()
        # The last request, whose body may still be incomplete.
        self._incoming: Exchange | None = None
        self._drained_bytes = 0
        # Sent once every request before it is answered; nothing is parsed after it.
        self.refusal: bytes | None = None

    @property
    def held_up(self) -> bool:
        """Whether parsing has to pause."""
        return bool(self._waiting) or (self.current is not None and self.current.body_waiting)

    @property
    def body_incomplete(self) -> bool:
        """Whether the client may still be sending a body."""
        return self._incoming is not None and not self._incoming.body_complete

    def add(self, exchange: Exchange) -> None:
        """Start a request, or queue it."""
        self._incoming = exchange
        if self.current is None:
            self._begin(exchange)
        else:
            self._waiting.append(exchange)

    def add_body(self, data: bytes) -> None:
        """Add to the body of the last request."""
        if self._incoming is not None:
            if self._incoming.response_complete:
                self._drained_bytes += len(data)
            self._incoming.add_body(data)

    def end_body(self) -> None:
        """End the body of the last request."""
        if self._incoming is not None:
            self._incoming.end_body()

    def refuse(self, refusal: bytes) -> bool:
        """Refuse what the client sends; returns whether to send the refusal now, or after the queued responses."""
        unfinished = self._incoming if self.body_incomplete else None
        if unfinished is not None and unfinished is self.current and not unfinished.response_started:
            unfinished.lose()  # the refusal takes the place of its response
            return True
        self.refusal = refusal
        if unfinished is not None and unfinished is self.current:
            # Its response has started, so the refusal cannot be sent. The connection closes after the response.
            unfinished.keep_alive = False
            unfinished.abandon()
        elif unfinished is not None:
            self._waiting.pop()
        return False

    def advance(self, *, eof: bool) -> bool:
        """Start the next request once the current one is done; returns whether the connection has to close.

        `eof` says that the client closed its sending side. If this returns True and there is no current request, the
        refusal, if any, is due.
        """
        while True:
            current = self.current
            if current is None:
                if not self._waiting:
                    return eof or self.refusal is not None
                self._begin(self._waiting.popleft())
            elif not current.response_complete:
                return False
            elif not current.keep_alive:
                return True
            elif current.body_complete:
                self.current = None
            else:
                return eof or self._drained_bytes > MAX_DRAINED_BYTES

    def abandon(self) -> None:
        """Tell the current request that the client sends no more."""
        if self.current is not None:
            self.current.abandon()

    def lose(self) -> None:
        """Tell the current request that the client is gone, and drop the queued ones."""
        if self.current is not None:
            self.current.lose()
        self._waiting.clear()

    def _begin(self, exchange: Exchange) -> None:
        self.current = exchange
        self._drained_bytes = 0
        self._start(exchange)
