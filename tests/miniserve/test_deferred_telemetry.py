"""Deferred telemetry is complete at every scrape and at the end of the server, also if single calls raise."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.conftest import Routing, correct, metric_families

from miniserve.processes.local import LocalServer
from miniserve.traffic import Strategy

# The real server, but only a scrape or its end flushes deferred calls.
NO_TIMER = """
import sys
from miniobserve import deferred
from miniserve.command import main

deferred.DELAY_S, deferred.BATCH = 3_600.0, 10_000
sys.exit(main([]))
"""
# The real server, where every second deferred call raises what a number of 401 digits used to raise.
BROKEN_CALLS = """
import sys
from itertools import count
from miniobserve.deferred import DeferredCalls
from miniserve.command import main

plain_add, numbers = DeferredCalls.add, count()

def add(self, call):
    if next(numbers) % 2 == 0:
        plain_add(self, lambda: float(10**400))
    plain_add(self, call)

DeferredCalls.add = add
sys.exit(main([]))
"""
# The real server, where every arm's result says what no metric, log line or span can hold.
HOSTILE_NUMBERS = """
import sys
from functools import partial
from msgspec.structs import replace
from miniobserve.deferred import DeferredCalls
from miniserve.command import main
from minieval.record.record import ArmResult

plain_add = DeferredCalls.add

def hostile(argument):
    if not isinstance(argument, ArmResult):
        return argument
    return replace(argument, tokens=10**400, latency_ms=float("inf"), queue_ms=float("nan"), reason="\\ud800" * 10**7)

def add(self, call):
    plain_add(self, partial(call.func, *map(hostile, call.args), **call.keywords))

DeferredCalls.add = add
sys.exit(main([]))
"""


def _count(server: LocalServer, family: str, **labels: str) -> float:
    return sum(
        sample.value
        for sample in metric_families(server.metrics())[family].samples
        if sample.labels.items() >= labels.items()
    )


def _lines(server: LocalServer, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (server.folder / "stderr.log").read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["event"] == event]


def test_a_scrape_and_the_end_of_the_server_flush_deferred_calls(tmp_path: Path, routing: Routing) -> None:
    command = (sys.executable, "-c", NO_TIMER)

    with LocalServer(tmp_path / "server", routing(Strategy.SINGLE), command=command) as server:
        for number in range(3):
            correct(server, "He goed home.", f"before-{number}")
        counted = _count(server, "request", status="200")
        correct(server, "He goed home.", "last")

    assert counted == 3
    assert [line["request_id"] for line in _lines(server, "request")] == ["before-0", "before-1", "before-2", "last"]


def test_a_call_that_raises_breaks_no_other_line_no_scrape_and_no_clean_exit(tmp_path: Path, routing: Routing) -> None:
    server = LocalServer(tmp_path / "server", routing(Strategy.SINGLE), command=(sys.executable, "-c", BROKEN_CALLS))
    with server:
        for number in range(40):
            correct(server, "He goed home.", f"id-{number}")
        counted = _count(server, "request", status="200")
        errors = _count(server, "telemetry_errors", kind="deferred_call")
        code = server.stop()

    # Two calls a request, the arm's and the request's.
    assert (counted, errors, code) == (40, 40, 0)
    assert [line["request_id"] for line in _lines(server, "request")] == [f"id-{number}" for number in range(40)]
    failures = _lines(server, "deferred telemetry call failed")
    assert len(failures) == 40
    assert all("OverflowError" in line["exception"] for line in failures)


def test_numbers_that_no_metric_can_hold_break_no_line_no_scrape_and_no_clean_exit(
    tmp_path: Path, routing: Routing
) -> None:
    command = (sys.executable, "-c", HOSTILE_NUMBERS)
    server = LocalServer(tmp_path / "server", routing(Strategy.SINGLE), {"LYNX_LOG_LEVEL": "debug"}, command)
    with server:
        for number in range(5):
            correct(server, "He goed home.", f"id-{number}")
        counted = _count(server, "arm_requests", traffic_arm="A", status="ok")
        rejected = _count(server, "telemetry_errors", kind="value")
        code = server.stop()

    assert (counted, code) == (5, 0)
    assert rejected == 10  # of each request the tokens and the latency
    assert len(_lines(server, "request")) == 5
    assert max(len(line["reason"]) for line in _lines(server, "arm answered")) < 60_000
