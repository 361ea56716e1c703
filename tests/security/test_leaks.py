"""Nothing of B reaches a client: no byte, header, trace header or error text, whatever B and A do."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.conftest import Routing, StartServer
from tests.fault_bench import FaultBench, fault_bench
from tests.faulty_server import A_BREAKER
from tests.faulty_worker import CANARY, OVERSLEPT_S
from tests.wire import connect, correction, exchange, header_names, received, request, status

from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.tasks.grammar import CORRECT_PATH
from miniserve.traffic import Strategy

SENTENCE = "He goed to school."
# Long enough that A needs over a millisecond for it.
LONG_SENTENCE = "He goed to school and then he walked home with the teacher. " * 8
HEADERS = {
    "connection",
    "content-language",
    "content-length",
    "content-type",
    "date",
    "retry-after",
    "traceparent",
    "vary",
    "www-authenticate",
    "x-request-id",
    "allow",
}
FAULTS = (
    "healthy",
    "raises",
    "raises-undeclared",
    "fails-to-load",
    "sleeps-past-the-timeout",
    "exits",
    "returns-10-mb",
    "floods-stdout",
    "unsolicited-frame",
)


def _secrets(b_sha: str) -> tuple[bytes, ...]:
    """Return B's token, its error texts, its model and engine, and the word "shadow"."""
    return (CANARY.encode(), b"boom", b"no such model", b_sha.encode(), b_sha[:12].encode(), b"shadow", b"faulty")


def _check(answers: list[bytes], b_sha: str) -> None:
    assert all(answers)
    for answer in answers:
        assert [secret for secret in _secrets(b_sha) if secret in answer.lower()] == []
        assert header_names(answer) <= HEADERS


def _everything_that_can_be_asked(server: LocalServer) -> list[bytes]:
    good = correction(SENTENCE, "one", traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01", Accept_Language="es")
    asked = [
        good,
        correction(A_BREAKER),
        correction("x" * 501),
        correction(SENTENCE, "an id with spaces"),
        request("POST", CORRECT_PATH, b"{"),
        request("POST", CORRECT_PATH, b"x", Content_Type="text/plain"),
        request("POST", CORRECT_PATH, b"x" * 20_000),
        request("GET", CORRECT_PATH),
        request("OPTIONS", CORRECT_PATH),
        request("GET", "/nowhere"),
        request("GET", "/details"),
        request("GET", "/metrics"),
        request("GET", "/healthz"),
        request("GET", "/readyz"),
        request("GET", "/openapi.json"),
        b"NONSENSE\r\n\r\n",
        # two on one connection, so that the second answer follows the first one's shadow
        good.replace(b"Connection: close", b"Connection: keep-alive") + good,
    ]
    return [exchange(server, sent) for sent in asked]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, routing: Routing) -> Iterator[FaultBench]:
    with fault_bench(tmp_path_factory.mktemp("leaks"), routing, SHADOW_TIMEOUT_MS=str(int(OVERSLEPT_S * 400))) as made:
        yield made


@pytest.mark.parametrize("fault", FAULTS)
def test_no_byte_that_a_client_receives_comes_from_b(fault: str, bench: FaultBench) -> None:
    bench.server.adopt(bench.off)
    without = _everything_that_can_be_asked(bench.server)
    bench.shadow(fault)

    answers = _everything_that_can_be_asked(bench.server)
    again = _everything_that_can_be_asked(bench.server)

    statuses = [200, 502, 422, 422, 400, 415, 413, 405, 405, 404, 404, 404, 200, 200, 200, 400, 200]
    assert [status(answer) for answer in answers] == statuses
    _check([*answers, *again], bench.on.arms["B"])
    # The probes' answers are identical except for the date.
    assert [_undated(a) for a in answers[12:15]] == [_undated(a) for a in without[12:15]]
    # And B did produce the text that we look for.
    assert fault != "healthy" or CANARY.encode() in bench.server.traffic_log.read_bytes()


def _undated(answer: bytes) -> bytes:
    return re.sub(rb"(?i)date: [^\r]+\r\n", b"", answer)


def test_no_byte_comes_from_b_while_configurations_change(bench: FaultBench) -> None:
    bench.shadow("healthy")
    answers: list[bytes] = []

    for text in ("{", '{"schema": 1, "strategy": "shadow", "arms": {"B": "boom"}}'):
        bench.server.route_file.path.write_text(text, encoding="utf-8")
        refused = _refusals(bench)
        bench.server.wait_for(lambda refused=refused: _refusals(bench) > refused, "done refusing")  # type: ignore[misc]
        answers += _everything_that_can_be_asked(bench.server)
    for config in (bench.off, bench.on):
        bench.server.route_file.write(config)
        while bench.server.details()["route"]["config_sha"] != config.config_sha:
            answers.append(exchange(bench.server, correction(SENTENCE)))
        answers += _everything_that_can_be_asked(bench.server)

    _check(answers, bench.on.arms["B"])


def _refusals(bench: FaultBench) -> int:
    return (bench.server.folder / "stderr.log").read_text(encoding="utf-8").count("route refused")


def test_no_byte_comes_from_b_when_a_times_out(start_server: StartServer, routing: Routing) -> None:
    config = routing(Strategy.SHADOW)
    server = start_server(config, fault="healthy", DEADLINE_MS="1")

    answers = [exchange(server, correction(LONG_SENTENCE)) for _ in range(5)]

    assert {status(answer) for answer in answers} == {504}
    _check(answers, config.arms["B"])


def test_no_byte_comes_from_b_under_overload(start_server: StartServer, routing: Routing) -> None:
    config = routing(Strategy.SHADOW)
    server = start_server(config, fault="healthy", MAX_INFLIGHT="1", SHADOW_QUEUE="1")
    server.wait_for_shadow()

    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(lambda _: exchange(server, correction(LONG_SENTENCE)), range(200)))

    assert {status(answer) for answer in answers} == {200, 503}
    _check(answers, config.arms["B"])
    assert all("retry-after" in header_names(answer) for answer in answers if status(answer) == 503)
    server.stop()
    lines = read_log(server.traffic_log).records
    assert len(lines) == sum(status(answer) == 200 for answer in answers)
    assert {line.results["B"].status for line in lines} <= {"ok", "dropped"}


def _takes_no_connections(server: LocalServer) -> bool:
    try:
        connect(server).close()
    except ConnectionRefusedError:
        return True
    return False


def test_no_byte_comes_from_b_during_shutdown(start_server: StartServer, routing: Routing) -> None:
    config = routing(Strategy.SHADOW)
    server = start_server(config, fault="sleeps-past-the-timeout", SHADOW_TIMEOUT_MS="60000")
    server.wait_for_shadow()
    asked = correction(SENTENCE)
    exchange(server, asked)

    with connect(server) as begun:
        begun.sendall(asked[:-5])
        with ThreadPoolExecutor(1) as stopping:
            exit_code = stopping.submit(server.stop, 90)
            server.wait_for(lambda: _takes_no_connections(server), "draining")
            begun.sendall(asked[-5:])
            answers = [received(begun)]

    assert exit_code.result() == 0
    _check(answers, config.arms["B"])
    assert [status(answer) for answer in answers] == [503]
