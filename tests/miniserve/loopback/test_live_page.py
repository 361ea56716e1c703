"""The live page over a real socket: what it sends, to whom, and that it lets the server stop."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from tests.conftest import Routing, StartServer, correct

from miniserve.loopback.live_page import MOST_WATCHERS
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


def test_a_watcher_sees_what_came_before_and_what_comes_then(start_server: StartServer, routing: Routing) -> None:
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


def test_one_watcher_too_many_is_asked_to_come_back(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SINGLE))

    with ExitStack() as stack:
        # Kept, for a stream that nobody holds is closed.
        streams = [events(watch(server, stack)) for _ in range(MOST_WATCHERS)]
        for stream in streams:
            next(stream)
        refused = watch(server, stack)
        refused.read()

    assert refused.status_code == 503
    assert "watch already" in refused.text
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
def test_the_page_and_its_parts_allow_nothing_inline_and_nothing_from_elsewhere(
    path: str, single_server: LocalServer
) -> None:
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
