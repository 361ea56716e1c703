"""What a request may look like, over a socket: heads, hosts, bodies, trailers, upgrades, pipelines, half-closing."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.miniserve.http.protocol.toy import Answer, Port, answers, read_all, request, serving

KB = 1024
CLOSE = "Connection: close"
CHUNKED = ("Transfer-Encoding: chunked", CLOSE)


@pytest.fixture(scope="module")
def port() -> Iterator[Port]:
    with serving(deadline_ms=1) as found:
        yield found


def _answer(port: Port, sent: bytes, method: str = "GET") -> Answer:
    (answer,) = answers(port.exchange(sent), method)
    return answer


def _is_problem(answer: Answer, status: int) -> bool:
    told = answer.told
    return (answer.status, told["status"], told["type"]) == (status, status, "about:blank") and (
        answer.headers["content-type"] == "application/problem+json"
    )


@pytest.mark.parametrize("kilobytes", [33, 60, 120, 1_000])
@pytest.mark.parametrize("before", [b"", request()], ids=["first", "pipelined"])
@pytest.mark.parametrize("shape", ["one header", "many headers", "target", "spaces"])
def test_a_head_over_32_kb_is_431_however_it_arrives(kilobytes: int, before: bytes, shape: str, port: Port) -> None:
    size = kilobytes * KB
    head = {
        "one header": request("GET", "/", b"", "X: " + "a" * size),
        "many headers": request("GET", "/", b"", *(["X: " + "a" * 995] * (size // 1000))),
        "target": request("GET", "/" + "a" * size),
        "spaces": request("GET", "/", b"", "X: " + " " * (size + 4 * KB) + "a"),
    }[shape]

    found = answers(port.exchange(before + head), *["GET"] * (2 if before else 1))

    assert _is_problem(found[-1], 431)


def test_a_head_under_32_kb_is_accepted_however_it_arrives(port: Port) -> None:
    head = request("GET", "/", b"", "X: " + "a" * 31 * KB)

    found = answers(port.exchange(head + head + request("GET", "/", b"", "X: " + "a" * 31 * KB, CLOSE)), *["GET"] * 3)

    assert [answer.status for answer in found] == [200] * 3


def test_more_than_256_headers_are_431(port: Port) -> None:
    assert _is_problem(_answer(port, request("GET", "/", b"", *["X:"] * 1_000)), 431)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    ],
)
def test_a_request_without_one_valid_host_is_400(head: bytes, port: Port) -> None:
    assert _is_problem(_answer(port, head), 400)


@pytest.mark.parametrize("host", ["", "a", "127.0.0.1:80", "[::1]:80", "a_b.example"])
def test_a_valid_host_is_accepted(host: str, port: Port) -> None:
    assert _answer(port, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()).status == 200


def test_http_1_0_needs_no_host_and_closes(port: Port) -> None:
    answer = _answer(port, b"GET / HTTP/1.0\r\n\r\n")

    assert (answer.status, answer.headers["connection"]) == (200, "close")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA\x00: b\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n", 501),
        (request("POST", "/", b"", "Content-Length: -1"), 400),
        (request("POST", "/", b"", "Content-Length: 1", "Content-Length: 2") + b"x", 400),
        (request("POST", "/", b"", "Content-Length: 1", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
        (request("POST", "/", b"", "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n", 501),
        (request("POST", "/", b"", "Transfer-Encoding: chunked") + b"x\r\n", 400),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ],
)
def test_malformed_http_is_answered_with_problem_details_and_closed(sent: bytes, status: int, port: Port) -> None:
    answer = _answer(port, sent)

    assert _is_problem(answer, status)
    assert answer.headers["connection"] == "close"


def test_requests_before_malformed_http_are_answered_first(port: Port) -> None:
    good, bad = answers(port.exchange(request("GET", "/a") + b"NONSENSE\r\n\r\n"), "GET", "GET")

    assert (good.told["path"], bad.status) == ("/a", 400)


def test_trailers_are_dropped_and_change_no_header(port: Port) -> None:
    trailers = b"Authorization: Bearer x\r\nX-Request-Id: y\r\ntraceparent: z\r\nHost: other\r\n"

    answer = _answer(port, request("POST", "/echo", b"", "X: 1", *CHUNKED) + b"3\r\nabc\r\n0\r\n" + trailers + b"\r\n")

    assert answer.told["body"] == "abc"
    assert answer.told["headers"] == {
        "host": "x", "x": "1", "transfer-encoding": "chunked", "connection": "close",
    }  # fmt: skip


@pytest.mark.parametrize(
    "framing",
    [
        b"0\r\nX: " + b"a" * 200 * KB + b"\r\n\r\n",
        b"0\r\n" + b"X: a\r\n" * 50_000 + b"\r\n",
        b"1;x=" + b"a" * 200 * KB + b"\r\nx\r\n0\r\n\r\n",
        b"1;x=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n" * 10_000 + b"0\r\n\r\n",
        b"0" * 200 * KB + b"1\r\nx\r\n0\r\n\r\n",
    ],
    ids=["one trailer", "many trailers", "one extension", "many extensions", "leading zeros"],
)
@pytest.mark.parametrize("path", ["/echo", "/stuck", "/early"])
def test_chunk_framing_is_bounded_whether_or_not_the_body_is_read(framing: bytes, path: str, port: Port) -> None:
    method = "GET" if path == "/early" else "POST"
    with port.connect() as client:
        client.sendall(request(method, path, b"", "Transfer-Encoding: chunked"))
        with suppress(OSError):  # cut off, as wanted
            client.sendall(framing)
        received = read_all(client)  # the server closes

    assert answers(received, method)[0].status in {200, 400, 413}


def test_a_body_in_chunks_of_one_byte_is_read_completely(port: Port) -> None:
    chunks = b"1\r\nx\r\n" * 10 * KB + b"0\r\n\r\n"

    answer = _answer(port, request("POST", "/echo", b"", *CHUNKED) + chunks, "POST")

    assert answer.told["body"] == "x" * 10 * KB


@pytest.mark.parametrize(
    "offer",
    [
        ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"),
        ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: x"),
        ("Connection: upgrade", "Upgrade: TLS/1.0"),
    ],
    ids=["h2c", "websocket", "TLS"],
)
def test_an_offer_to_upgrade_is_ignored_and_the_body_kept(offer: tuple[str, ...], port: Port) -> None:
    sent = request("POST", "/echo", b"first", *offer)
    sent += request("POST", "/echo", b"", *offer, "Transfer-Encoding: chunked") + b"6\r\nsecond\r\n0\r\n\r\n"
    sent += request("GET", "/", b"", *offer) + request("GET", "/last", b"", CLOSE)

    found = answers(port.exchange(sent), "POST", "POST", "GET", "GET")

    assert [answer.status for answer in found] == [200] * 4
    assert [answer.told["body"] for answer in found] == ["first", "second", "", ""]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_client_that_closes_its_sending_side_gets_its_answers(at_once: bool, port: Port) -> None:
    with port.connect() as client:
        client.sendall(request("POST", "/echo", b"one"))
        if at_once:
            client.sendall(request("POST", "/echo", b"two"))
        client.shutdown(socket.SHUT_WR)
        found = answers(read_all(client), *["POST"] * (2 if at_once else 1))

    assert [answer.told["body"] for answer in found] == ["one", "two"][: len(found)]


def test_the_application_learns_that_a_client_disconnected_during_its_body(port: Port) -> None:
    with port.connect() as client:
        client.sendall(request("POST", "/echo", b"x" * 10)[:-5])
        client.shutdown(socket.SHUT_WR)
        (answer,) = answers(read_all(client), "POST")

    assert answer.told["complete"] is False


def test_the_application_learns_that_a_client_disconnected_during_a_stream(port: Port) -> None:
    with port.connect() as client:
        client.sendall(request("GET", "/watch"))
        client.shutdown(socket.SHUT_WR)
        (answer,) = answers(read_all(client), "GET")

    assert answer.body == b"begunleft"


def test_a_connection_stays_open_after_an_early_response_once_the_body_has_arrived(port: Port) -> None:
    with port.connect() as client:
        client.sendall(request("GET", "/early", b"x" * 10 * KB)[:-100])
        first = client.recv(65_536)
        client.sendall(b"x" * 100 + request("GET", "/next", b"", CLOSE))
        found = answers(first + read_all(client), "GET", "GET")

    assert [answer.told["path"] for answer in found] == ["/early", "/next"]


def test_an_early_response_to_a_large_body_reaches_a_client_that_sends_it_all_first(port: Port) -> None:
    answer = _answer(port, request("GET", "/early", b"x" * KB * KB))

    assert (answer.status, answer.headers["connection"]) == (200, "close")


def test_a_client_that_waits_for_100_continue_gets_it_once(port: Port) -> None:
    asked = request("POST", "/echo", b"abc", "Expect: 100-continue", CLOSE)
    with port.connect() as client:
        client.sendall(asked[:-3])
        told = client.recv(65_536)
        client.sendall(asked[-3:])
        (answer,) = answers(read_all(client), "POST")

    assert told == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.told["body"] == "abc"


def test_if_a_client_waits_for_100_continue_an_early_response_closes_the_connection(
    port: Port,
) -> None:
    received = port.exchange(request("GET", "/early", b"abc", "Expect: 100-continue")[:-3])

    assert received.startswith(b"HTTP/1.1 200")
    assert answers(received, "GET")[0].headers["connection"] == "close"


def test_head_gets_the_headers_of_get_and_no_body(port: Port) -> None:
    answer = _answer(port, request("HEAD", "/", b"", CLOSE), "HEAD")

    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize("path", ["/broken", "/split"])
def test_if_the_application_raises_the_client_gets_problem_details(path: str, port: Port) -> None:
    answer = _answer(port, request("GET", path))

    assert _is_problem(answer, 500)
    assert "set-cookie" not in answer.headers


PIPELINE = (
    request("POST", "/echo", b"abc")
    + request("GET", "/early", b"ignored")
    + request("POST", "/echo", b"", "Transfer-Encoding: chunked")
    + b"3\r\nxyz\r\n2;a=b\r\n12\r\n0\r\nT: u\r\n\r\n"
    + request("GET", "/last", b"", CLOSE)
)


@settings(max_examples=100)
@given(st.lists(st.integers(1, len(PIPELINE) - 1), unique=True, max_size=12).map(sorted))
def test_however_a_pipeline_is_split_its_responses_are_the_same_and_in_order(port: Port, cuts: list[int]) -> None:
    parts = [PIPELINE[start:end] for start, end in zip([0, *cuts], [*cuts, len(PIPELINE)], strict=True)]
    with port.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            client.sendall(part)
        found = answers(read_all(client), "POST", "GET", "POST", "GET")

    assert [answer.told["body"] for answer in found] == ["abc", "", "xyz12", ""]
    assert [answer.told["path"] for answer in found] == ["/echo", "/early", "/echo", "/last"]


def test_a_long_pipeline_is_answered_completely(port: Port) -> None:
    sent = b"".join(request("POST", "/echo", b"%d" % number) for number in range(2_000))

    found = answers(port.exchange(sent + request("GET", "/", b"", CLOSE)), *["POST"] * 2_000, "GET")

    assert [answer.told["body"] for answer in found[:-1]] == [str(number) for number in range(2_000)]
