"""A port that stops finishes what is in work, answers what cannot be finished, and returns."""

import pytest
from tests.miniserve.http.protocol.toy import Port, answers, read_all, request, serving


@pytest.mark.parametrize("sent", [b"", request()], ids=["a new connection", "a connection between requests"])
def test_a_connection_without_a_request_is_closed(sent: bytes) -> None:
    with serving() as port, port.connect() as client:
        client.sendall(sent)
        if sent:
            assert client.recv(65_536).startswith(b"HTTP/1.1 200")
        port.stop()

        assert read_all(client) == b""


@pytest.mark.parametrize(
    "sent", [request("POST", "/stuck", b"x"), request("POST", "/stuck", b"xy")[:-1]], ids=["in work", "within its body"]
)
def test_a_stuck_request_is_answered_503_after_the_grace_period(sent: bytes) -> None:
    with serving(deadline_ms=1) as port, port.connect() as client:
        client.sendall(sent)
        _wait_until_in_work(port)
        port.stop()
        (answer,) = answers(read_all(client), "POST")

    assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.headers["retry-after"] == "1"


def test_half_a_head_is_answered_503() -> None:
    with serving() as port, port.connect() as client:
        client.sendall(request() + b"GET / HT")
        first = client.recv(65_536)
        port.stop()
        _, refusal = answers(first + read_all(client), "GET", "GET")

    assert (refusal.status, refusal.headers["content-type"]) == (503, "application/problem+json")


def test_the_application_answers_a_body_that_does_not_come_in_time() -> None:
    with serving() as port, port.connect() as client:
        client.sendall(request("POST", "/echo", b"xy")[:-1])
        _wait_until_in_work(port)
        port.stop()
        (answer,) = answers(read_all(client), "POST")

    assert (answer.told["body"], answer.told["complete"]) == ("x", False)


def test_a_body_that_comes_while_the_port_stops_is_answered() -> None:
    with serving() as port, port.connect() as client:
        client.sendall(request("POST", "/echo", b"xy")[:-1])
        _wait_until_in_work(port)
        port.stop()
        while not port.server.stopping:
            pass
        client.sendall(b"y")
        (answer,) = answers(read_all(client), "POST")

    assert (answer.told["body"], answer.headers["connection"]) == ("xy", "close")


def _wait_until_in_work(port: Port) -> None:
    while not port.server.tasks:
        pass
