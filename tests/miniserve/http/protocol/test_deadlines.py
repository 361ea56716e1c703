"""A connection ends, whatever its client does or does not do, in every state that it can be in."""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from tests.miniserve.http.protocol.toy import PATIENCE_S, Port, answers, read_all, request, serving

WAITS_MS = 200
TRICKLE_S = 0.02
CHUNKED = request("POST", "/echo", b"", "Transfer-Encoding: chunked")
# What a client sends before it falls silent, or goes on with a byte now and then.
HELD: dict[str, bytes] = {
    "before the head": b"",
    "after an empty line": b"\r\n",
    "within the request line": b"GET /he",
    "within a header": b"GET / HTTP/1.1\r\nHost: x\r\nX: ",
    "between head and body": request("POST", "/echo", b"x" * 100)[:-100],
    "within the body": request("POST", "/echo", b"x" * 100)[:-50],
    "asking before the body": request("POST", "/echo", b"x" * 100, "Expect: 100-continue")[:-100],
    "within a chunk's size": CHUNKED + b"5",
    "within a chunk": CHUNKED + b"500\r\nabc",
    "within a chunk's extension": CHUNKED + b"5;a=",
    "within the trailers": CHUNKED + b"0\r\nX: ",
    "after an early answer": request("GET", "/early", b"x" * 100)[:-100],
    "after an early answer to a body too large to drain": request("GET", "/early", b"", "Content-Length: 1000000"),
    "after an early answer to chunks": request("GET", "/early", b"", "Transfer-Encoding: chunked") + b"500\r\n",
    "after an early answer to a client that asks": request("GET", "/early", b"x" * 9, "Expect: 100-continue")[:-9],
    "after a refusal": b"NONSENSE\r\n\r\n",
    "after an answer that closes": request("GET", "/", b"", "Connection: close"),
    "between requests": request(),
    "within the second head": request() + b"GET / HT",
    "within the second body": request() + request("POST", "/echo", b"x" * 100)[:-50],
}


@pytest.fixture(scope="module")
def port() -> Iterator[Port]:
    with serving(WAITS_MS / 1e3, head_ms=WAITS_MS, body_ms=WAITS_MS, deadline_ms=1) as found:
        yield found


@pytest.mark.parametrize("sent", HELD.values(), ids=HELD.keys())
def test_a_client_that_falls_silent_is_cut_off(sent: bytes, port: Port) -> None:
    with port.connect() as client:
        client.sendall(sent)
        read_all(client)

        port.wait_until_deserted()


@pytest.mark.parametrize("sent", HELD.values(), ids=HELD.keys())
def test_a_client_that_trickles_bytes_is_cut_off(sent: bytes, port: Port) -> None:
    with port.connect() as client:
        client.sendall(sent)
        deadline = time.monotonic() + PATIENCE_S
        try:
            while time.monotonic() < deadline:
                if select.select([client], [], [], TRICKLE_S)[0] and not client.recv(65_536):
                    break
                client.sendall(b"1")
        except OSError:
            pass  # reset

        port.wait_until_deserted()


@pytest.mark.parametrize("sent", HELD.values(), ids=HELD.keys())
def test_a_client_that_reads_nothing_is_cut_off(sent: bytes, port: Port) -> None:
    with port.connect() as client:
        client.sendall(sent)

        port.wait_until_deserted()


@pytest.mark.parametrize("sent", [request("GET", "/endless"), request() * 400_000], ids=["a stream", "a pipeline"])
def test_a_client_that_does_not_read_its_answers_is_cut_off(sent: bytes, port: Port) -> None:
    with port.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sender = threading.Thread(target=_send, args=(client, sent))
        sender.start()

        port.wait_until_deserted()
        sender.join(PATIENCE_S)


def test_sockets_held_open_after_an_early_response_are_closed(port: Port) -> None:
    clients = [port.connect() for _ in range(200)]
    for client in clients:
        client.sendall(request("GET", "/early", b"x" * 100)[:-100])
    for client in clients:
        client.recv(65_536)
        client.sendall(b"x")

    port.wait_until_deserted()
    for client in clients:
        client.close()

    assert answers(port.exchange(request("GET", "/", b"", "Connection: close")), "GET")[0].status == 200


def test_an_endless_body_after_an_early_response_is_not_read_for_ever(port: Port) -> None:
    with port.connect() as client:
        client.sendall(request("GET", "/early", b"", "Content-Length: 1000000000"))
        sender = threading.Thread(target=_send, args=(client, b"x" * 10**8))
        sender.start()
        first = client.recv(65_536)
        sender.join(PATIENCE_S)

        port.wait_until_deserted()
    assert first.startswith(b"HTTP/1.1 200")


def _send(client: socket.socket, sent: bytes) -> None:
    with suppress(OSError):  # cut off, as expected
        client.sendall(sent)
