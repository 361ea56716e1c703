"""What a request tells later is told to whoever asks before, and before the server ends."""

import json
import sys
from pathlib import Path

from tests.conftest import Routing, correct, metric_families

from miniserve.processes.local import LocalServer
from miniserve.traffic import Strategy

# The server, but nothing is ever told by itself.
SILENT = """
import sys
from miniobserve import later
from miniserve.command import main

later.DELAY_S, later.TOGETHER = 3_600.0, 10_000
sys.exit(main([]))
"""


def test_a_scrape_and_the_end_find_nothing_waiting(tmp_path: Path, routing: Routing) -> None:
    command = (sys.executable, "-c", SILENT)

    with LocalServer(tmp_path / "server", routing(Strategy.SINGLE), command=command) as server:
        for number in range(3):
            correct(server, "He goed home.", f"before-{number}")
        (counted,) = [
            sample.value
            for sample in metric_families(server.metrics())["request"].samples
            if sample.labels["status"] == "200"
        ]
        correct(server, "He goed home.", "last")

    lines = [json.loads(line) for line in (server.folder / "stderr.log").read_text(encoding="utf-8").splitlines()]
    assert counted == 3
    assert [line["request_id"] for line in lines if line["event"] == "request"] == [
        "before-0",
        "before-1",
        "before-2",
        "last",
    ]
