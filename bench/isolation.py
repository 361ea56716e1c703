"""`./just bench-isolation`: what a misbehaving shadow costs A's clients, compared with nginx's `mirror`.

The shadow is off twice per round, and the ratio of the two windows is the noise floor. Prints a table per level of load
and writes `results/isolation-LEVEL.json`.
"""

import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from bench import nginx
from bench.capacity import Load, measure_capacity
from bench.command import finish, trial_parser
from bench.conditions import CONDITIONS, FLOOR, OFF, Condition
from bench.load import Observed
from bench.others import OthersMeter
from bench.pinning import GENERATOR_CORE, in_words, pinned
from bench.rounds import Plan, Rounds, Run, condition_of, offer_window, run_rounds
from bench.server import BenchServer, bench_server
from bench.table import interval, table
from miniserve.log.traffic_log import read_log

SEED = 38
# The bounds apply at this percentage of the capacity, to the upper limit of a condition's ratio to the noise floor.
BOUND_LEVEL = 50
BOUNDS = {0.5: 1.10, 0.99: 1.25}
PLANS = {50: Plan(0.0, 8, 3.0, SEED), 80: Plan(0.0, 5, 3.0, SEED + 1)}
NGINX = "nginx "


def runs(server: BenchServer, nginx_ports: Mapping[str, int], plan: Plan) -> dict[str, Run]:
    """Return a function that measures each condition, by name."""

    def ours(condition: Condition, number: int) -> Observed:
        with server.under(condition):
            return offer_window(plan, number, server.port, condition.name)

    def mirrored(name: str, number: int) -> Observed:
        return offer_window(plan, number, nginx_ports[name], NGINX + name)

    found: dict[str, Run] = {condition.name: partial(ours, condition) for condition in CONDITIONS}
    return found | {NGINX + name: partial(mirrored, name) for name in nginx_ports}


def summaries(rounds: Rounds, outcomes: Mapping[str, Counter[str]], level: int) -> list[dict[str, Any]]:
    """Return the results of each condition, in the order of the table."""
    ours = [condition.name for condition in CONDITIONS]
    found = [rounds.summary(name, OFF.name) for name in ours]
    for row in found:
        row["outcomes_of_b"] = dict(outcomes[row["condition"]])
        if row["condition"] in {OFF.name, FLOOR.name}:
            continue
        for q, bound in BOUNDS.items():
            # (condition / off) / (off again / off): off cancels out.
            over_floor = rounds.ratio(row["condition"], FLOOR.name, q)
            within = over_floor["high"] <= bound if level == BOUND_LEVEL else None
            row[f"p{round(100 * q)}_over_floor"] = over_floor | {"bound": bound, "within": within}
    mirrored = [NGINX + name for name in nginx.PORTS if NGINX + name in rounds.latencies]
    references = [f"{NGINX}off closing" if name.endswith("closing") else f"{NGINX}off" for name in mirrored]
    return found + [rounds.summary(*pair) for pair in zip(mirrored, references, strict=True)]


def outcomes_of_b(server: BenchServer) -> dict[str, Counter[str]]:
    """Return the outcomes of B's runs from the traffic log, as proof that each fault really happened."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for record in read_log(server.process.traffic_log).records:
        if "B" in record.results:
            found[condition_of(record.request_id)][record.results["B"].status] += 1
    return found


def shown(row: Mapping[str, Any]) -> list[str]:
    """Return the cells of a condition's row."""
    cells = [row["condition"]]
    for name in ("p50", "p95", "p99"):
        cells += [f"{row[f'{name}_ms']:.2f}", interval(**row[f"{name}_ratio"])]
    for name in ("p50", "p99"):
        over_floor = row.get(f"{name}_over_floor")
        cells.append(interval(*(over_floor[key] for key in ("estimate", "low", "high"))) if over_floor else "")
        if over_floor and over_floor["within"] is not None:
            cells[-1] += f" {'within' if over_floor['within'] else 'BEYOND'} {over_floor['bound']:.2f}"
    return cells


HEADER = ("condition", "p50 ms", "ratio", "p95 ms", "ratio", "p99 ms", "ratio", "p50 over floor", "p99 over floor")


def measure_level(level: int, plan: Plan) -> dict[str, Any]:
    """Find the capacity, measure every condition at a percentage of it, and return the results."""
    with tempfile.TemporaryDirectory(prefix="lynx-bench-") as scratch, ExitStack() as running:
        server = running.enter_context(bench_server(Path(scratch) / "server"))
        running.enter_context(pinned(GENERATOR_CORE))
        ports: Mapping[str, int] = {}
        if level == BOUND_LEVEL and nginx.is_installed():
            ports = running.enter_context(nginx.mirrors(server.port, Path(scratch) / "nginx"))
        elif level == BOUND_LEVEL:
            print("nginx is not installed (Debian: apt-get install nginx-light): not compared", file=sys.stderr)
        capacity = measure_capacity(Load(server.port, SEED))
        plan = replace(plan, rate_per_s=capacity.per_s * level / 100)
        rounds = run_rounds(plan.rounds, plan.seed, runs(server, ports, plan), OthersMeter())
        return {
            "level": level,
            "cores": in_words(),
            "capacity": asdict(capacity),
            "plan": asdict(plan),
            "others_share": max(rounds.others_share),
            "nginx": nginx.version() if ports else None,
            "conditions": summaries(rounds, outcomes_of_b(server), level),
        }


def rendered(body: Mapping[str, Any]) -> str:
    """Return the table of a level, with a caption."""
    capacity, plan = body["capacity"], body["plan"]
    return (
        f"{body['level']} % of A's capacity of {capacity['per_s']:.0f} requests a second (unloaded p50 "
        f"{capacity['unloaded_p50_ms']:.2f} ms, p99 {capacity['unloaded_p99_ms']:.2f} ms), {plan['rounds']} rounds of "
        f"{plan['window_s']:g} s per condition. Other processes used at most {body['others_share']:.1%} of the "
        "machine.\n\n" + table(HEADER, [shown(row) for row in body["conditions"]])
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench."""
    parser = trial_parser("isolation", __doc__, "rounds")
    parser.add_argument("--level", type=int, choices=PLANS, action="append", help="percent of capacity; default: all")
    options = parser.parse_args(argv)
    for level in options.level or PLANS:
        plan = replace(PLANS[level], rounds=options.rounds or PLANS[level].rounds)
        finish(f"isolation-{level}", measure_level(level, plan), rendered, trial=bool(options.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
