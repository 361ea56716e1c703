"""`./just bench-switch`: how quickly B stops when the shadow is switched off, and whether loading a B slows A down.

`./just shadow-off` runs as an operator would run it, while A serves half of its capacity. The end of B's process is an
upper limit of B's last inference, and it can be observed from outside. Prints tables and writes
`results/switching.json`.
"""

import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.capacity import Load, measure_capacity
from bench.command import finish, trial_parser
from bench.conditions import FAULTS, HEALTHY, OFF, Condition
from bench.load import Observed
from bench.others import OthersMeter
from bench.pinning import GENERATOR_CORE, in_words, pinned
from bench.result import ROOT
from bench.rounds import Plan, Run, condition_of, offer_window, run_rounds
from bench.server import BenchServer, bench_server
from bench.table import interval, table
from miniserve.log.traffic_log import read_log

SEED = 21
LOAD_SHARE = 0.5
BOUND_S = 1.0
SLOW = next(condition for condition in FAULTS if condition.name == "slow")
SWITCHED_OFF = (HEALTHY, SLOW)
REPEATS = 15
ROUNDS = 6
PLAN = Plan(0.0, ROUNDS, 4.0, SEED)
RELOADING = "reloading"
# When the command runs, counted from the start of the load, so that B is busy; and how often B is replaced.
_COMMAND_AFTER_S = 1.5
_RELOAD_EVERY_S = 1.0
_PATIENCE_S = 30.0


@dataclass(frozen=True)
class SwitchedOff:
    """One `./just shadow-off` under load: seconds from its start to its exit, and to the end of B's process."""

    condition: str
    command_s: float
    b_ended_s: float


def switch_off(server: BenchServer, plan: Plan, condition: Condition, number: int) -> SwitchedOff:
    """Load the server, switch its shadow off meanwhile, and return how long that took."""
    server.adopt(condition)
    found: list[float] = []
    b_pid = server.process.details()["shadow"]["pid"]

    def command() -> None:
        time.sleep(_COMMAND_AFTER_S)
        started = time.monotonic()
        environ = os.environ | {
            "LYNX_ROUTE_CONFIG": str(server.process.route_file.path),
            "LYNX_MODELS_DIR": str(ROOT / "models"),
        }
        process = subprocess.Popen((str(ROOT / "just"), "shadow-off"), cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)
        found.extend(_ends((process.pid, b_pid), started))
        process.wait()

    operator = threading.Thread(target=command)
    operator.start()
    offer_window(plan, number, server.port, f"switched off {condition.name}")
    operator.join()
    server.adopt(OFF)
    return SwitchedOff(condition.name, *found)


def _ends(pids: Sequence[int], started: float) -> list[float]:
    """Return how many seconds after `started` each process ended, at most _PATIENCE_S.

    The processes must not have been reaped yet.
    """
    # A pidfd becomes readable when its process has ended.
    running = {os.pidfd_open(pid): pid for pid in pids}
    ended = dict.fromkeys(pids, _PATIENCE_S)
    while running:
        ready, _, _ = select.select(running, [], [], max(0.0, started + _PATIENCE_S - time.monotonic()))
        for descriptor in ready or list(running):
            ended[running.pop(descriptor)] = min(time.monotonic() - started, _PATIENCE_S)
            os.close(descriptor)
    return list(ended.values())


def reloading(server: BenchServer, plan: Plan, number: int) -> Observed:
    """Load the server while B is replaced again and again."""
    over = threading.Event()

    def replace_b() -> None:
        while not over.wait(_RELOAD_EVERY_S):
            server.replace_b()

    operator = threading.Thread(target=replace_b)
    with server.under(HEALTHY):
        operator.start()
        seen = offer_window(plan, number, server.port, RELOADING)
        over.set()
        operator.join()
    return seen


def runs(server: BenchServer, plan: Plan) -> dict[str, Run]:
    """Return a function that measures each condition, by name."""

    def steady(condition: Condition, number: int) -> Observed:
        with server.under(condition):
            return offer_window(plan, number, server.port, condition.name)

    found: dict[str, Run] = {condition.name: partial(steady, condition) for condition in (OFF, HEALTHY)}
    return found | {RELOADING: partial(reloading, server, plan)}


def cancelled_lines(server: BenchServer, condition: Condition) -> int:
    """Return the number of shadow runs that were cancelled by switching off, from the log."""
    return sum(
        record.results["B"].status == "cancelled"
        for record in read_log(server.process.traffic_log).records
        if "B" in record.results and condition_of(record.request_id) == f"switched off {condition.name}"
    )


def measure(repeats: int, rounds_wanted: int) -> dict[str, Any]:
    """Find the capacity, switch off repeatedly, then compare windows with and without loading a B."""
    with (
        tempfile.TemporaryDirectory(prefix="lynx-bench-") as scratch,
        bench_server(Path(scratch)) as server,
        pinned(GENERATOR_CORE),
    ):
        capacity = measure_capacity(Load(server.port, SEED))
        plan = replace(PLAN, rate_per_s=capacity.per_s * LOAD_SHARE)
        others = OthersMeter()
        switched = [switch_off(server, plan, c, n) for n in range(1, repeats + 1) for c in SWITCHED_OFF]
        rounds = run_rounds(rounds_wanted, SEED, runs(server, plan), others)
        by_condition: dict[str, list[SwitchedOff]] = {c.name: [] for c in SWITCHED_OFF}
        for one in switched:
            by_condition[one.condition].append(one)
        return {
            "cores": in_words(),
            "capacity": asdict(capacity),
            "plan": asdict(plan),
            "others_share": max(rounds.others_share),
            "switched_off": [
                {
                    "condition": condition.name,
                    "repeats": repeats,
                    "b_ended_median_s": float(np.median([one.b_ended_s for one in by_condition[condition.name]])),
                    "b_ended_max_s": max(one.b_ended_s for one in by_condition[condition.name]),
                    "command_median_s": float(np.median([one.command_s for one in by_condition[condition.name]])),
                    "command_max_s": max(one.command_s for one in by_condition[condition.name]),
                    "cancelled_lines": cancelled_lines(server, condition),
                    "within": max(one.b_ended_s for one in by_condition[condition.name]) < BOUND_S,
                }
                for condition in SWITCHED_OFF
            ],
            "loading": [rounds.summary(name, OFF.name) for name in (OFF.name, HEALTHY.name, RELOADING)]
            + [rounds.summary(RELOADING, HEALTHY.name)],
        }


SWITCH_HEADER = (
    "B",
    "times",
    "to B's end, median s",
    "longest s",
    "under 1 s",
    "command, median",
    "longest",
    "cancelled",
)
LOADING_HEADER = ("B", "over", "p50 ms", "p50 ratio", "p95 ratio", "p99 ms", "p99 ratio")


def rendered(body: Mapping[str, Any]) -> str:
    """Return both tables."""
    switched = [
        (
            row["condition"],
            row["repeats"],
            f"{row['b_ended_median_s']:.2f}",
            f"{row['b_ended_max_s']:.2f}",
            "yes" if row["within"] else "NO",
            f"{row['command_median_s']:.2f}",
            f"{row['command_max_s']:.2f}",
            row["cancelled_lines"],
        )
        for row in body["switched_off"]
    ]
    loading = [
        (
            row["condition"],
            row["over"],
            f"{row['p50_ms']:.2f}",
            interval(**row["p50_ratio"]),
            interval(**row["p95_ratio"]),
            f"{row['p99_ms']:.2f}",
            interval(**row["p99_ratio"]),
        )
        for row in body["loading"]
    ]
    plan = body["plan"]
    return (
        f"From the start of `./just shadow-off` to the end of B's process, at {plan['rate_per_s']:.0f} requests a "
        f"second (half of A's capacity).\n\n{table(SWITCH_HEADER, switched)}\n\n"
        f"B is replaced every {_RELOAD_EVERY_S:g} s, {plan['rounds']} rounds of {plan['window_s']:g} s per "
        f"condition. Other processes used at most {body['others_share']:.1%} of the machine.\n\n"
        f"{table(LOADING_HEADER, loading)}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench."""
    options = trial_parser("switching", __doc__, "rounds").parse_args(argv)
    finish(
        "switching",
        measure(min(REPEATS, options.rounds or REPEATS), options.rounds or ROUNDS),
        rendered,
        trial=bool(options.rounds),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
