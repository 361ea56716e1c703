"""stderr of a running server: every line of a request names it, its trace and its arm; one line each at info."""

import json
from typing import Any

import httpx
from tests.conftest import Routing, StartServer, correct

from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.tasks.grammar import CORRECT_PATH
from miniserve.traffic import Strategy

KEYS = {"traffic.arm", "request_id", "trace_id", "span_id"}
SENTENCE = "He goed home."
Line = dict[str, Any]


def _lines(server: LocalServer) -> list[Line]:
    """Stop the server, and return what it logged about requests."""
    server.stop()
    lines = [json.loads(line) for line in (server.folder / "stderr.log").read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if "trace_id" in line]


def _about(lines: list[Line], request_id: str) -> list[tuple[str, str, str | None]]:
    return [(e["event"], e["level"], e["traffic.arm"]) for e in lines if e["request_id"] == request_id]


def test_a_request_has_one_line_at_info_and_its_shadow_one_of_its_own(
    start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.SHADOW), SHADOW_TIMEOUT_MS="60000")  # however busy the machine
    server.wait_for_shadow()
    for number in range(3):
        correct(server, SENTENCE, f"user-{number}")
    server.wait_for_shadow()

    lines = _lines(server)

    for number in range(3):
        about = _about(lines, f"user-{number}")
        assert sorted(about) == [("arm answered", "info", "shadow_B"), ("request", "info", "A")]
    assert all(line.keys() >= KEYS for line in lines)
    traces = {record.request_id: record.trace_id for record in read_log(server.traffic_log).records}
    assert {(line["request_id"], line["trace_id"]) for line in lines} == set(traces.items())
    assert len({line["span_id"] for line in lines}) == len(lines)


def test_at_debug_the_serving_arm_has_a_line_too(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.AB), LOG_LEVEL="debug")
    correct(server, SENTENCE, "user-1")

    lines = _lines(server)

    (arm,) = {record.traffic_arm for record in read_log(server.traffic_log).records}
    assert sorted(_about(lines, "user-1")) == [("arm answered", "debug", arm), ("request", "info", arm)]


def test_a_refused_request_has_its_line_without_an_arm(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SINGLE))
    httpx.post(server.address.url + CORRECT_PATH, json={"sentence": ""}, headers={"X-Request-Id": "user-1"})
    httpx.post(server.address.url + CORRECT_PATH, content=b"{", headers={"Content-Type": "application/json"})

    lines = _lines(server)

    assert [(line["status"], line["request_id"], line["traffic.arm"]) for line in lines] == [
        (422, "user-1", None),
        (400, None, None),
    ]
    assert all(line.keys() >= KEYS for line in lines)


def test_log_lines_of_other_modules_name_their_request(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SHADOW), fault="raises")
    server.wait_for_shadow()
    server.traffic_log.unlink()
    server.traffic_log.symlink_to("/dev/full")

    correct(server, SENTENCE, "user-1")
    server.wait_for(lambda: "books not written" in (server.folder / "stderr.log").read_text(), "out of disk")
    lines = _lines(server)

    about = _about(lines, "user-1")
    assert ("arm gave no answer", "warning", "shadow_B") in about
    # The line is written once the shadow has ended, so what stops it is logged on the shadow's behalf.
    assert ("books not written", "error", "shadow_B") in about
