"""What the shadow costs a client, and whether ids stick to their arm: measured beside the lab, never in its log."""

import statistics
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
from client import DriverError, Plan, correct, request_ids
from rich.progress import Progress

from minieval.items import Item
from miniserve.local import LocalServer
from miniserve.traffic import Strategy
from miniserve.trafficlog import read_log

LATENCY_ROUNDS = 5
LATENCY_REQUESTS = 40
STICKY_IDS = 20


def measure_isolation(plan: Plan, folder: Path, progress: Progress) -> dict[str, Any]:
    """Measure the client's latency with the shadow off and on, in turns, and check that ids stick to their arm.

    One request follows the other without a pause, so B is at work on one while A answers the next. Against a
    server and a state folder of their own, so that the lab's log has the lab's lines only.
    """
    items = plan.shadow_block[:LATENCY_REQUESTS]
    seconds: dict[Strategy, list[float]] = {Strategy.SINGLE: [], Strategy.SHADOW: []}
    task = progress.add_task("latency, shadow off and on", total=LATENCY_ROUNDS * 2)
    with (
        LocalServer(folder, plan.config(Strategy.SHADOW)) as server,
        httpx.Client(base_url=server.address.url, timeout=30) as client,
    ):
        for _ in range(LATENCY_ROUNDS):
            for strategy, taken in seconds.items():
                server.adopt(plan.config(strategy))
                taken += [_timed(client, item) for item in items]
                progress.advance(task)
        server.adopt(plan.config(Strategy.AB))
        ids = request_ids(plan.seed + 1, STICKY_IDS)
        for request_id in [*ids, *ids]:
            correct(client, items[0].sentence, request_id)
        server.stop()
        arms: dict[str, set[str]] = {}
        for record in read_log(server.traffic_log).records:
            if record.strategy == Strategy.AB:
                arms.setdefault(record.request_id, set()).add(record.production_arm)
    if torn := [request_id for request_id, found in arms.items() if len(found) > 1]:
        raise DriverError(f"{len(torn)} of {STICKY_IDS} repeated ids changed their arm: expected none")
    off, on = (statistics.median(seconds[strategy]) * 1e3 for strategy in (Strategy.SINGLE, Strategy.SHADOW))
    return {
        "shadow_off_p50_ms": off,
        "shadow_on_p50_ms": on,
        "ratio": on / off,
        "requests_per_condition": LATENCY_ROUNDS * LATENCY_REQUESTS,
        "rounds": LATENCY_ROUNDS,
        "sticky_ids": {"repeated": len(arms), "changed_arm": 0, "arms_seen": sorted(set().union(*arms.values()))},
    }


def _timed(client: httpx.Client, item: Item) -> float:
    started = time.perf_counter()
    correct(client, item.sentence, str(uuid.uuid4()))
    return time.perf_counter() - started
