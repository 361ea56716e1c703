"""Drives the lab: sends 200 shadow requests and 200 A/B requests over a socket to its own server.

Writes traffic.log and the `run` section of manifest.json. Grading is compare.py's.
"""

import argparse
import hashlib
import http.client
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

import httpx
import msgspec
from client import PACE_S, PLANNED_N, DriverError, Plan, correct, request_ids
from isolation import measure_isolation
from plan import Block, PlanError, draw_plan
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from throughput import measure_throughput

from minieval.grading.items import parse_items
from minieval.manifest import Aim, Margins
from minieval.record.record import TrafficRecord
from minieval.run_facts import facts
from minimodel.bundles.registry import Registry
from minimodel.errors import ModelError
from miniserve.errors import ServeError
from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.traffic import DEFAULT_SALT, Strategy

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# In ms. Answers take about a millisecond, so even a doubling is unnoticeable: a smaller shift passes a latency gate.
LATENCY_SLACK_MS = 5.0
MARGINS = Margins(latency_slack_ms=LATENCY_SLACK_MS)
ALPHA = 0.05


def send_block(client: httpx.Client, block: Block, ids: Sequence[str], advance: Callable[[], None]) -> dict[str, str]:
    """Send a block at the plan's pace. Returns item ids by request id; raises DriverError on any status but 200."""
    for item, request_id in zip(block, ids, strict=True):
        due = time.monotonic() + PACE_S
        correct(client, item.sentence, request_id)
        advance()
        time.sleep(max(0.0, due - time.monotonic()))
    return {request_id: item.id for item, request_id in zip(block, ids, strict=True)}


def run_lab(plan: Plan, folder: Path, progress: Progress) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Send both blocks. Returns the manifest's blocks and the server's description of its engines."""
    ids = request_ids(plan.seed, 2 * PLANNED_N)
    blocks = []
    with LocalServer(folder, plan.config(Strategy.SHADOW)) as server:
        with httpx.Client(base_url=server.address.url, timeout=30) as client:
            server.wait_for_shadow()
            for name, strategy, block, block_ids in (
                ("A", Strategy.SHADOW, plan.shadow_block, ids[:PLANNED_N]),
                ("B", Strategy.AB, plan.ab_block, ids[PLANNED_N:]),
            ):
                config = plan.config(strategy)
                server.adopt(config)
                task = progress.add_task(f"block {name}: {strategy}", total=len(block))
                requests = send_block(client, block, block_ids, partial(progress.advance, task))
                if strategy is Strategy.SHADOW:
                    server.wait_for_shadow()
                blocks.append(
                    {
                        "name": name,
                        "strategy": str(strategy),
                        "config_sha": config.config_sha,
                        "config": config.as_json(),
                        "planned": len(block),
                        "requests": requests,
                    }
                )
        engine = server.details()["engines"]
        if code := server.stop():
            raise DriverError(f"the server ended with exit code {code}: expected 0, see {folder / 'stderr.log'}")
    return blocks, engine


def check_log(records: Sequence[TrafficRecord], blocks: Sequence[dict[str, Any]]) -> None:
    """Raise DriverError unless all sent ids are logged, each block has one configuration, and no shadow is missing."""
    sent = [request_id for block in blocks for request_id in block["requests"]]
    if [record.request_id for record in records] != sent and sorted(r.request_id for r in records) != sorted(sent):
        raise DriverError(f"{len(sent)} ids sent, {len(records)} lines logged: expected the same ids, once each")
    for block in blocks:
        mine = [record for record in records if record.request_id in block["requests"]]
        if strays := [record for record in mine if record.config_sha != block["config_sha"]]:
            raise DriverError(f"block {block['name']} has {len(strays)} lines of another configuration: expected none")
    pairs = [record for record in records if record.strategy == Strategy.SHADOW.value]
    incomplete = [record for record in pairs if any(result.status != "ok" for result in record.results.values())]
    if incomplete:
        found = ", ".join(
            sorted({str(result.reason) for r in incomplete for result in r.results.values() if result.reason})
        )
        raise DriverError(f"{len(incomplete)} of {len(pairs)} pairs are incomplete ({found}): expected none")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the lab. Returns 0, or 1 with a sentence on stderr."""
    parser = argparse.ArgumentParser(prog="route.py", description=__doc__)
    parser.add_argument("--a", default="v0.1.0", help="SHA, unique prefix or semver of A (default %(default)s)")
    parser.add_argument(
        "--b", default="v0.3.0", help="SHA, unique prefix or semver of B, or latest (default %(default)s)"
    )
    parser.add_argument("--policy", choices=get_args(Aim), default="better", help="what B is asked for (%(default)s)")
    parser.add_argument("--seed", type=int, default=38, help="draws items, their order and the request ids")
    parser.add_argument("--salt", default=DEFAULT_SALT, help="salt epoch (default %(default)s)")
    parser.add_argument("--eval-set", type=Path, default=ROOT / "data" / "eval" / "phase-20.jsonl")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--out", type=Path, default=HERE, help="where traffic.log and manifest.json go")
    options = parser.parse_args(argv)
    try:
        drive(options)
    except (
        DriverError,
        PlanError,
        ServeError,
        ModelError,
        httpx.HTTPError,
        http.client.HTTPException,
        ValueError,
        OSError,
    ) as error:
        print(f"route.py: {error}", file=sys.stderr)
        return 1
    return 0


def latest(registry: Registry) -> str:
    """Return the SHA of the highest version."""
    return registry.versions[max(registry.versions, key=lambda version: tuple(map(int, version.split("."))))]


def drive(options: argparse.Namespace) -> None:
    """Plan, run, check, measure, and write log and manifest."""
    registry = Registry.read(options.models)
    eval_bytes = options.eval_set.read_bytes()
    shadow_block, ab_block = draw_plan(parse_items(eval_bytes.decode()), 2, PLANNED_N, options.seed)
    plan = Plan(
        options.seed,
        registry.resolve(options.a),
        latest(registry) if options.b == "latest" else registry.resolve(options.b),
        options.salt,
        shadow_block,
        ab_block,
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        tempfile.TemporaryDirectory(prefix="lynx-lab-") as scratch,
        Progress(*columns, console=Console(stderr=True)) as progress,
    ):
        blocks, engine = run_lab(plan, Path(scratch) / "lab", progress)
        log = (Path(scratch) / "lab" / "traffic.log").read_bytes()
        check_log(read_log(Path(scratch) / "lab" / "traffic.log").records, blocks)
        isolation = measure_isolation(plan, Path(scratch) / "isolation", progress)
        throughput = measure_throughput(plan, Path(scratch) / "throughput", progress)
    print(
        "client p50, shadow on over off: "
        f"{isolation['ratio']:.2f} [{isolation['ratio_low']:.2f}, {isolation['ratio_high']:.2f}] at the lab's pace, "
        f"{isolation['back_to_back_ratio']:.2f} [{isolation['back_to_back_ratio_low']:.2f}, "
        f"{isolation['back_to_back_ratio_high']:.2f}] back to back; no id changed its arm"
    )
    run = {
        "seed": plan.seed,
        "planned_n": PLANNED_N,
        "policy": options.policy,
        "margins": msgspec.structs.asdict(MARGINS),
        "alpha": ALPHA,
        "warmup": 0,
        "arms": {"A": plan.a_sha, "B": plan.b_sha},
        "eval_set_dvc_hash": hashlib.md5(eval_bytes, usedforsecurity=False).hexdigest(),
        "blocks": blocks,
        "isolation": isolation,
        "throughput": throughput,
        "engine": engine,
        **facts(ROOT, HERE),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "traffic.log").write_bytes(log)
    manifest = json.dumps({"schema": 1, "run": run}, indent=1, sort_keys=True, ensure_ascii=False)
    (options.out / "manifest.json").write_text(manifest + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
