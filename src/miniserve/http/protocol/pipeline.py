"""The requests of one connection: the one that is being answered, those that wait behind it, and who is refused."""

from collections import deque
from collections.abc import Callable

from miniserve.http.protocol.exchange import Exchange
from miniserve.http.protocol.limits import MAX_DRAINED_BYTES


class Pipeline:
    """Requests are answered in the order in which they came (RFC 9112, section 9.3.2)."""

    def __init__(self, start: Callable[[Exchange], None]) -> None:
        self._start = start
        self.current: Exchange | None = None
        self._waiting: deque[Exchange] = deque()
        # The last one, whose body may still come.
        self._incoming: Exchange | None = None
        self._drained_bytes = 0
        # Sent once every request before it is answered; nothing is parsed after it.
        self.refusal: bytes | None = None

    @property
    def held_up(self) -> bool:
        """Whether what comes next has to wait."""
        return bool(self._waiting) or (self.current is not None and self.current.body_waiting)

    @property
    def body_incomplete(self) -> bool:
        """Whether the client may still be sending a body."""
        return self._incoming is not None and not self._incoming.body_complete

    def add(self, exchange: Exchange) -> None:
        """Begin a request, or let it wait for its turn."""
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
        """Refuse what the client sends; returns whether the refusal is due now, or only once its turn comes."""
        unfinished = self._incoming if self.body_incomplete else None
        if unfinished is not None and unfinished is self.current and not unfinished.response_started:
            unfinished.lose()  # the refusal is its answer
            return True
        self.refusal = refusal
        if unfinished is not None and unfinished is self.current:
            # Its response has begun, so that there is no place for the refusal. The connection closes after it.
            unfinished.keep_alive = False
            unfinished.abandon()
        elif unfinished is not None:
            self._waiting.pop()
        return False

    def advance(self, *, eof: bool) -> bool:
        """Go on to the next request while the one before is done; returns whether the connection has to close.

        `eof` says that the client closed its sending side. Where this returns True and there is no current request, the
        refusal, if there is one, is due.
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
        """Tell the current request that the client is gone, and forget the others."""
        if self.current is not None:
            self.current.lose()
        self._waiting.clear()

    def _begin(self, exchange: Exchange) -> None:
        self.current = exchange
        self._drained_bytes = 0
        self._start(exchange)
