"""Measures what the shadow costs a client and checks that ids keep their arm. Nothing of this is in the lab's log."""

import random
import statistics
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from client import PACE_S, DriverError, Plan, correct, request_ids
from rich.progress import Progress

from minieval.grading.items import Item
from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.traffic import Strategy

ROUNDS = 10
REQUESTS = 20
STICKY_IDS = 20
RESAMPLES = 2_000


@dataclass(frozen=True)
class Round:
    """One round: the client's median latency in ms with the shadow off and on, measured close together."""

    off_ms: float
    on_ms: float


def measure_isolation(plan: Plan, folder: Path, progress: Progress) -> dict[str, Any]:
    """Measure the client's latency with the shadow off and on, alternately, and check that ids keep their arm.

    Twice: at the lab's pace, where B is done before the next request, and back to back, where B, A and the client
    compete for the cores. Against a server and a state folder of their own, so that the lab's log has the lab's lines
    only. Raises DriverError when an id changes its arm.
    """
    items = plan.shadow_block[:REQUESTS]
    paced: list[Round] = []
    back_to_back: list[Round] = []
    task = progress.add_task("latency, shadow off and on", total=ROUNDS)
    with (
        LocalServer(folder, plan.config(Strategy.SHADOW)) as server,
        httpx.Client(base_url=server.address.url, timeout=30) as client,
    ):
        for number in range(ROUNDS):
            # Every other round starts with the shadow off, so that a drift of the machine favours neither.
            order = (Strategy.SINGLE, Strategy.SHADOW) if number % 2 == 0 else (Strategy.SHADOW, Strategy.SINGLE)
            medians: dict[tuple[Strategy, float], float] = {}
            for strategy in order:
                server.adopt(plan.config(strategy))
                for pause_s in (PACE_S, 0.0):
                    medians[strategy, pause_s] = _median_ms(client, items, pause_s)
            for rounds, pause_s in ((paced, PACE_S), (back_to_back, 0.0)):
                rounds.append(Round(medians[Strategy.SINGLE, pause_s], medians[Strategy.SHADOW, pause_s]))
            progress.advance(task)
        server.adopt(plan.config(Strategy.AB))
        _check_sticky(server, client, items[0], plan.seed)
    return {
        "shadow_off_p50_ms": statistics.median(r.off_ms for r in paced),
        "shadow_on_p50_ms": statistics.median(r.on_ms for r in paced),
        **_ratio("ratio", paced, plan.seed),
        **_ratio("back_to_back_ratio", back_to_back, plan.seed),
        "rounds": ROUNDS,
        "requests_per_condition": ROUNDS * REQUESTS,
        "ids_sent_twice": STICKY_IDS,
        "ids_that_changed_their_arm": 0,
    }


def _ratio(name: str, rounds: Sequence[Round], seed: int) -> dict[str, float]:
    """Return the median ratio (on over off) of the rounds, with a 95 % percentile bootstrap interval."""
    rng = random.Random(f"{name} {seed}")  # noqa: S311 - resampling to repeat, not secrets
    ratios = [r.on_ms / r.off_ms for r in rounds]
    resampled = sorted(statistics.median(rng.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    low, high = resampled[round(0.025 * RESAMPLES)], resampled[round(0.975 * RESAMPLES) - 1]
    return {name: statistics.median(ratios), f"{name}_low": low, f"{name}_high": high}


def _median_ms(client: httpx.Client, items: Sequence[Item], pause_s: float) -> float:
    taken = []
    for item in items:
        started = time.perf_counter()
        correct(client, item.sentence, str(uuid.uuid4()))
        taken.append(time.perf_counter() - started)
        time.sleep(max(0.0, pause_s - taken[-1]))
    return statistics.median(taken) * 1e3


def _check_sticky(server: LocalServer, client: httpx.Client, item: Item, seed: int) -> None:
    ids = request_ids(seed + 1, STICKY_IDS)
    for request_id in [*ids, *ids]:
        correct(client, item.sentence, request_id)
    arms: dict[str, list[str]] = {request_id: [] for request_id in ids}
    for record in read_log(server.traffic_log).records:
        if record.strategy == Strategy.AB.value:
            arms[record.request_id].append(record.production_arm)
    if changed := [request_id for request_id, served in arms.items() if len(served) != 2 or len(set(served)) != 1]:
        raise DriverError(f"{len(changed)} of {STICKY_IDS} ids that were sent twice changed their arm: expected none")
