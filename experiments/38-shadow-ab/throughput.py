"""Measures corrections and tokens per second of each arm alone. Nothing of this is in the lab's log."""

import http.client
import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from client import DriverError, Plan
from rich.progress import Progress

from minieval.grading.items import Item
from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.tasks.grammar import CORRECT_PATH
from miniserve.traffic import RouteConfig, Strategy

ROUNDS = 8
# One connection per engine thread and one waiting. An overloaded server refuses more than two waiting ones.
CLIENTS = 3


def measure_throughput(plan: Plan, folder: Path, progress: Progress) -> dict[str, Any]:
    """Load A and B alternately over a socket, each alone in a server of its own. Returns every round.

    All items of the plan go out once a round, so both arms get the same work. The clients cost about a tenth of a
    core. Raises DriverError on any answer but 200.
    """
    items = (*plan.shadow_block, *plan.ab_block)
    rounds: dict[str, list[dict[str, float]]] = {"A": [], "B": []}
    task = progress.add_task("throughput, each arm alone", total=2 * ROUNDS)
    with LocalServer(folder, _alone(plan, "A")) as server:
        for number in range(ROUNDS):
            # Every other round starts with B, so that a drift of the machine favours neither.
            for arm in ("A", "B") if number % 2 == 0 else ("B", "A"):
                server.adopt(_alone(plan, arm))
                seconds = _load(server.address.port, items)
                records = read_log(server.traffic_log).records[-len(items) :]
                tokens = sum(record.results[arm].tokens or 0 for record in records)
                rounds[arm].append({"seconds": seconds, "corrections": len(items), "tokens": tokens})
                progress.advance(task)
    return {"clients": CLIENTS, "arms": rounds}


def _alone(plan: Plan, arm: str) -> RouteConfig:
    return RouteConfig(Strategy.SINGLE, plan.salt, {"A": plan.a_sha, "B": plan.b_sha}, arm)


def _load(port: int, items: Sequence[Item]) -> float:
    """Send every item once over CLIENTS connections, each back to back, and return the seconds taken."""
    waiting, lock = iter(items), threading.Lock()

    def taken() -> Iterator[Item]:
        while True:
            with lock:
                item = next(waiting, None)
            if item is None:
                return
            yield item

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            for item in taken():
                body = json.dumps({"sentence": item.sentence})
                connection.request("POST", CORRECT_PATH, body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                text = response.read().decode()
                if response.status != http.client.OK:
                    raise DriverError(f"item {item.id} got {response.status}: {text}, expected 200")
        finally:
            connection.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        started = time.perf_counter()
        for client in [pool.submit(send) for _ in range(CLIENTS)]:
            client.result()
        return time.perf_counter() - started
