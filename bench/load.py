"""Open-loop load: requests are sent on a schedule fixed in advance, whatever the server does.

Latency is measured from the time a request was due, not from when it was sent. It includes waiting for a connection or
for a late generator, so a slow server cannot hide delays by holding up later requests (coordinated omission).
"""

import gc
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httptools
import numpy as np
from numpy.typing import NDArray

# Maximum number of open connections. A request that finds all of them busy waits, and the wait counts as latency.
MAX_CONNECTIONS = 256
# How long to wait for answers after the last request was due.
STRAGGLER_S = 5.0
# Time before the first request is due, for the generator to start its loop.
_LEAD_S = 0.02
_READ_BYTES = 64 * 1024

Seconds = NDArray[np.float64]


@dataclass(frozen=True)
class Observed:
    """The result of each request, in the order of the schedule. Seconds count from the start of the schedule.

    Without an answer, `done_s` is infinite and `status` is 0.
    """

    due_s: Seconds
    sent_s: Seconds
    done_s: Seconds
    status: NDArray[np.int16]
    retry_after: NDArray[np.bool_]

    def latency_ms(self, status: int = 200) -> Seconds:
        """Return the latencies of the requests with a status, and infinity for each unanswered request."""
        concerned = (self.status == status) | (self.status == 0)
        latency: Seconds = (self.done_s - self.due_s)[concerned] * 1e3
        return latency

    def count(self, status: int) -> int:
        """Return the number of answers with a status; 0 means unanswered."""
        return int(np.count_nonzero(self.status == status))

    @property
    def lateness_ms(self) -> Seconds:
        """How late each request was sent: the delay of the generator plus the wait for a connection."""
        return (self.sent_s - self.due_s) * 1e3


def poisson_schedule(rate_per_s: float, seconds: float, rng: np.random.Generator) -> Seconds:
    """Return rate x seconds sorted due times: a Poisson process conditional on its count is uniform."""
    return np.sort(rng.uniform(0.0, seconds, size=max(1, round(rate_per_s * seconds))))


def offer(port: int, requests: Sequence[bytes], due_s: Seconds, *, max_connections: int = MAX_CONNECTIONS) -> Observed:
    """Send each request (raw HTTP/1.1) to a port of 127.0.0.1 when it is due, over keep-alive connections."""
    with _no_collections():
        return _Generator(port, requests, due_s, max_connections).run()


class _Connection:
    """One connection and its current request."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=1)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = -1
        self.retry_after = self.closing = self.complete = False
        self.parser = httptools.HttpResponseParser(self)

    def begin(self, request: int, payload: bytes) -> None:
        """Send a request: small enough for the socket's buffer, so it goes as a whole. Raises OSError when ended."""
        self.retry_after = self.complete = False
        self.parser = httptools.HttpResponseParser(self)
        self.socket.send(payload)
        self.request = request

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note what the client acts on (called by the parser)."""
        lowered = name.lower()
        self.retry_after |= lowered == b"retry-after"
        self.closing |= lowered == b"connection" and value.lower() == b"close"

    def on_message_complete(self) -> None:
        """Note the end of the answer (called by the parser)."""
        self.complete = True


class _Generator:
    def __init__(self, port: int, requests: Sequence[bytes], due_s: Seconds, max_connections: int) -> None:
        count = len(due_s)
        self._port = port
        self._requests = requests
        self._due = due_s.tolist()
        self._max_connections = max_connections
        self._epoll = select.epoll()
        self._open: dict[int, _Connection] = {}
        self._idle: list[_Connection] = []  # the one used last is used next
        self._overdue: deque[int] = deque()
        self._left = count
        self._seen = Observed(
            due_s, np.full(count, np.inf), np.full(count, np.inf), np.zeros(count, np.int16), np.zeros(count, bool)
        )

    def run(self) -> Observed:
        """Offer the whole schedule and wait for stragglers."""
        self._start = time.perf_counter() + _LEAD_S
        end = self._due[-1] + STRAGGLER_S
        following = 0
        try:
            while self._left and (now := self._now()) < end:
                while following < len(self._due) and self._due[following] <= now:
                    self._overdue.append(following)
                    following += 1
                self._send_overdue()
                until = self._due[following] if following < len(self._due) else end
                # select takes microseconds where epoll takes milliseconds, so it waits for the epoll descriptor.
                select.select([self._epoll], [], [], max(0.0, until - self._now()))
                for descriptor, _ in self._epoll.poll(0):
                    self._receive(self._open[descriptor])
        finally:
            for connection in self._open.values():
                connection.socket.close()
            self._epoll.close()
        return self._seen

    def _now(self) -> float:
        return time.perf_counter() - self._start

    def _send_overdue(self) -> None:
        while self._overdue and (self._idle or len(self._open) < self._max_connections):
            request = self._overdue.popleft()
            try:
                connection = self._idle.pop() if self._idle else self._connect()
                self._seen.sent_s[request] = self._now()
                connection.begin(request, self._requests[request])
            except OSError:  # nobody listens, or the server closed the connection while it was idle
                self._left -= 1

    def _connect(self) -> _Connection:
        connection = _Connection(self._port)
        self._open[connection.socket.fileno()] = connection
        self._epoll.register(connection.socket, select.EPOLLIN)
        return connection

    def _receive(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(_READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._drop(connection)
            return
        connection.parser.feed_data(data)
        if not connection.complete:
            return
        request, connection.request = connection.request, -1
        self._seen.done_s[request] = self._now()
        self._seen.status[request] = connection.parser.get_status_code()
        self._seen.retry_after[request] = connection.retry_after
        self._left -= 1
        if connection.closing:
            self._drop(connection)
        else:
            self._idle.append(connection)

    def _drop(self, connection: _Connection) -> None:
        """Forget a connection that has ended; the request on it, if there is one, has no answer."""
        self._left -= connection.request >= 0
        if connection in self._idle:
            self._idle.remove(connection)
        del self._open[connection.socket.fileno()]
        connection.socket.close()


@contextmanager
def _no_collections() -> Iterator[None]:
    """Keep the generator's own garbage collector from pausing it."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
