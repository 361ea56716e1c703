"""The load generator counts every wait as latency and records the result of each request."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
from bench.load import Observed, offer, poisson_schedule

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def _server(*replies: bytes) -> Iterator[int]:
    """Answer successive requests with these replies, over any number of connections. b"" closes the connection."""
    left = iter(replies)

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):  # the client has closed, or the listener was shut down
            while True:
                connection, _ = listener.accept()
                with connection:
                    while connection.recv(4096) and (reply := next(left, b"")):
                        connection.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _offer(port: int, count: int) -> Observed:
    return offer(port, [b"GET / HTTP/1.1\r\n\r\n"] * count, np.zeros(count), max_connections=1)


def test_waiting_for_a_connection_counts_as_latency() -> None:
    with _server(OK, OK, OK) as port:
        seen = _offer(port, 3)

    assert (seen.sent_s[1:] >= seen.done_s[:-1]).all()
    # all were due at once, so the later one is sent, the longer its latency
    assert (np.diff(seen.latency_ms()) > 0).all()
    assert np.array_equal(seen.latency_ms(), seen.done_s * 1e3)


def test_status_and_retry_after_are_recorded_per_request() -> None:
    with _server(OK, REFUSED, OK) as port:
        seen = _offer(port, 3)

    assert seen.status.tolist() == [200, 503, 200]
    assert seen.retry_after.tolist() == [False, True, False]
    assert len(seen.latency_ms()) == 2


def test_a_request_whose_connection_closes_has_no_answer_and_infinite_latency() -> None:
    with _server(OK, b"", OK) as port:
        seen = _offer(port, 3)

    assert seen.status.tolist() == [200, 0, 200]
    assert np.isinf(seen.latency_ms()).tolist() == [False, True, False]


def test_after_a_close_the_next_request_uses_a_new_connection() -> None:
    with _server(LAST, LAST, LAST) as port:
        seen = _offer(port, 3)

    assert seen.status.tolist() == [200, 200, 200]


def test_without_a_server_every_request_is_unanswered() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert _offer(port, 2).count(0) == 2


def test_a_schedule_depends_on_its_seed_and_has_exactly_the_rate() -> None:
    first, again = (poisson_schedule(200, 3, np.random.default_rng(5)) for _ in range(2))

    assert np.array_equal(first, again)
    assert len(first) == 600
    assert (np.diff(first) >= 0).all()
    assert 0 <= first[0] <= first[-1] < 3
