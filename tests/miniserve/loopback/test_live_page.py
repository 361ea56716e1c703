"""The live page over a real socket: its events, its limits, and that it does not delay the server's stop."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from tests.conftest import Routing, StartServer, correct

from miniserve.loopback.live_feed import MAX_WATCHERS
from miniserve.processes.local import LocalServer
from miniserve.traffic import Strategy


def events(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    """Yield each server-sent event's name and value."""
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def watch(server: LocalServer, stack: ExitStack) -> httpx.Response:
    client = stack.enter_context(httpx.Client(timeout=20))
    return stack.enter_context(client.stream("GET", f"{server.address.metrics_url}/events"))


def test_a_watcher_sees_earlier_and_new_pairs(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SHADOW))
    server.wait_for_shadow()
    correct(server, "He goed home.", "before")

    with ExitStack() as stack:
        seen: list[dict[str, Any]] = []
        for name, value in events(watch(server, stack)):
            if name == "pairs":
                seen += value
                if len(seen) == 1:
                    correct(server, "She eated soup.", "<img/src=x>")
            if len(seen) == 2:
                break

    assert [pair["request_id"] for pair in seen] == ["before", "<img/src=x>"]
    assert [answer["arm"] for answer in seen[0]["answers"]] == ["A", "B"]


HOSTILE_VALUES: dict[str, list[object]] = {
    "ts": ["yesterday", "2026-05-04T10:11:12", "", 5, None, "0001-01-01T00:00:00", "9" * 5_000],
    "latency_ms_A": [10**400, -1, 1e308, "1", True, None],
    "tokens_A": [10**400, "x"],
    "request_id": [7, "x" * 1_000_000, "\ud800"],
    "production_arm": ["Z", "", None],
    "arm_shas": [{}, None, {"A": 5}],
    "results": ["unknown"],
    "schema": [2, "1", None],
}
NO_RECORDS = [
    b"\xff\xfe",
    b"null",
    b"[]",
    b"{",
    b"",
    b"\x00" * 1_000,
    b"9" * 5_000,
    b"[" * 100_000,
    b'"' + b"x" * 2**20,
]


def test_lines_that_cannot_be_used_are_skipped_and_counted_and_the_stream_goes_on(
    start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.SHADOW))
    server.wait_for_shadow()
    correct(server, "He goed home.", "before")
    server.wait_for(lambda: server.traffic_log.read_bytes().endswith(b"\n"), "done with its shadow")
    good = json.loads(server.traffic_log.read_bytes())
    lines = [json.dumps(good | {key: value}).encode() for key, found in HOSTILE_VALUES.items() for value in found]

    with ExitStack() as stack:
        stream = events(watch(server, stack))
        first = next(value for name, value in stream if name == "figures")
        with server.traffic_log.open("ab") as log:
            log.write(b"\n".join([*lines, *NO_RECORDS]) + b"\n")
        correct(server, "She eated soup.", "after")
        seen: list[str] = []
        figures = first
        for name, value in stream:
            if name == "figures":
                figures = value
            else:
                seen += [pair["request_id"] for pair in value]
            if "after" in seen and figures["unreadable_lines"] > 0:
                break

    assert figures["problem"] is None
    # The values that are still a record's (a latency of 1e308, say) may be counted; a bad `ts` and a line that is no
    # record must not be. The empty one of NO_RECORDS may be skipped or counted.
    assert figures["unreadable_lines"] >= len(HOSTILE_VALUES["ts"]) + len(NO_RECORDS) - 1
    assert figures["requests"] >= 2


def test_figures_carry_route_processes_and_the_split(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.AB))
    for number in range(20):
        correct(server, "He goed home.", f"id-{number}")

    with ExitStack() as stack:
        figures = next(value for name, value in events(watch(server, stack)) if name == "figures")

    assert figures["server"]["route"]["strategy"] == "ab"
    assert figures["server"]["processes"][0]["pid"] == server.address.pid
    assert sum(figures["split"]["counts"].values()) == figures["requests"] == 20
    assert 0 < figures["split"]["pvalue"] <= 1


def test_a_watcher_beyond_the_limit_is_told_to_retry(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SINGLE))

    with ExitStack() as stack:
        # Kept in a list: a stream without a reference is closed.
        streams = [events(watch(server, stack)) for _ in range(MAX_WATCHERS)]
        for stream in streams:
            next(stream)
        refused = watch(server, stack)
        refused.read()

    assert refused.status_code == 503
    assert "are open already" in refused.text
    with ExitStack() as stack:
        server.wait_for(lambda: watch(server, stack).status_code == 200, "free again")


def test_watchers_do_not_keep_the_server_from_stopping(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SINGLE))

    with ExitStack() as stack:
        stream = events(watch(server, stack))
        next(stream)
        code = server.stop()
        list(stream)  # ends, whole

    assert code == 0


@pytest.mark.parametrize("path", ["/", "/live.css", "/live.js"])
def test_the_page_and_its_assets_allow_no_inline_and_no_external_content(path: str, single_server: LocalServer) -> None:
    response = httpx.get(single_server.address.metrics_url + path)

    assert response.status_code == 200
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in response.text.replace("http://www.w3.org/2000/svg", "")


def test_a_page_of_another_origin_may_not_read_the_events(single_server: LocalServer) -> None:
    with ExitStack() as stack:
        client = stack.enter_context(httpx.Client(timeout=20))
        address = f"{single_server.address.metrics_url}/events"
        response = stack.enter_context(client.stream("GET", address, headers={"Origin": "http://evil.example"}))

        assert "access-control-allow-origin" not in response.headers
