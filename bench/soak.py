"""`./just bench-soak`: ten minutes of moderate load with every fault of B and reloads, to find leaks.

The same cycle of conditions repeats. At the end of each cycle the shadow is off and the server idle, and memory,
descriptors, threads, tasks and processes must not have grown. The same is checked for a B that runs through all cycles,
on a second server. The bench measures growth and not latency, so it can run beside other work. Prints a table and
writes `results/soak.json`.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from scipy import stats

from bench.command import finish, trial_parser
from bench.conditions import FAULTS, HEALTHY, Condition
from bench.others import descendants
from bench.pinning import GENERATOR_CORE, in_words, pinned
from bench.rounds import Plan, condition_of, offer_window
from bench.server import BenchServer, bench_server
from bench.table import table
from miniserve.log.traffic_log import read_log

SEED = 600
MINUTES = 10.0
RATE_PER_S = 30.0
WINDOW_S = 5.0
RELOADED = Condition("reloaded", "B is replaced by another in the middle", HEALTHY.behaviour)
CYCLE = (HEALTHY, *FAULTS, RELOADED)
# How much larger the resident memory may be after the last cycle than after the first.
MEMORY_GROWTH = 0.02
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_AT_REST_S = 10.0
_SETTLED_S = 0.5
STEADY = "steady"


@dataclass(frozen=True)
class Footprint:
    """The resources of an idle server and of the B that runs through all cycles. Memory in MB."""

    at_s: float
    memory: float
    descriptors: int
    threads: int
    tasks: int
    processes: int
    b_memory: float
    b_descriptors: int
    b_threads: int


MEASURED = tuple(item.name for item in fields(Footprint) if item.name != "at_s")


def footprint(server: BenchServer, steady: BenchServer, at_s: float) -> Footprint:
    """Read the resources of both from /proc; the tasks come from the server's details."""
    pid = server.process.address.pid
    (tasks,) = (one["tasks"] for one in server.process.details()["processes"])
    return Footprint(
        at_s, *_held(pid), tasks, len(list(descendants(pid))), *_held(steady.process.details()["shadow"]["pid"])
    )


def _held(pid: int) -> tuple[float, int, int]:
    """Return a process's resident MB, open descriptors and threads."""
    process = Path(f"/proc/{pid}")
    pages = int((process / "statm").read_text(encoding="ascii").split()[1])
    return pages * _PAGE_BYTES / 2**20, len(list((process / "fd").iterdir())), len(list((process / "task").iterdir()))


def at_rest(server: BenchServer, steady: BenchServer, started: float) -> Footprint:
    """Return the footprint once the last condition is over: connections closed, processes ended."""
    until = time.monotonic() + _AT_REST_S
    seen = footprint(server, steady, time.monotonic() - started)
    while time.monotonic() < until:
        before = seen
        time.sleep(_SETTLED_S)
        seen = footprint(server, steady, time.monotonic() - started)
        if seen.processes == 0 and _counts(seen) == _counts(before):
            break
    return seen


def _counts(one: Footprint) -> Footprint:
    return replace(one, at_s=0, memory=0, b_memory=0)


def load_under(server: BenchServer, condition: Condition, cycle: int) -> Counter[int]:
    """Load the server under one condition and return the statuses of the answers."""
    plan = Plan(RATE_PER_S, 1, WINDOW_S, SEED)
    with server.under(condition):
        statuses: Counter[int] = Counter()
        for half in (2 * cycle, 2 * cycle + 1):
            statuses.update(offer_window(plan, half, server.port, condition.name).status.tolist())
            if condition is RELOADED:
                server.replace_b()
        return statuses


def slope_per_hour(footprints: Sequence[Footprint], name: str) -> dict[str, float]:
    """Return the growth per hour by least squares over the second half of the cycles, with its 95 % interval.

    The first half is left out: caches fill, and allocators keep what they once needed.
    """
    later = footprints[len(footprints) // 2 :]
    hours = [one.at_s / 3600 for one in later]
    values = [float(getattr(one, name)) for one in later]
    if len(later) < 3 or len(set(values)) == 1:
        slope = 0.0 if len(set(values)) == 1 else (values[-1] - values[0]) / (hours[-1] - hours[0])
        return {"estimate": slope, "low": slope, "high": slope}
    fit = stats.linregress(hours, values)
    half = float(stats.t.ppf(0.975, len(later) - 2) * fit.stderr)
    return {"estimate": float(fit.slope), "low": float(fit.slope) - half, "high": float(fit.slope) + half}


def measure(minutes: float) -> dict[str, Any]:
    """Run cycles until the time is over."""
    footprints: list[Footprint] = []
    statuses: Counter[int] = Counter()
    with (
        tempfile.TemporaryDirectory(prefix="lynx-bench-") as scratch,
        bench_server(Path(scratch) / "server") as server,
        bench_server(Path(scratch) / STEADY) as steady,
        pinned(GENERATOR_CORE),
    ):
        steady.adopt(HEALTHY)
        started = time.monotonic()
        while time.monotonic() - started < minutes * 60:
            for condition in CYCLE:
                statuses += load_under(server, condition, len(footprints))
            plan = Plan(RATE_PER_S, 1, WINDOW_S, SEED)
            statuses.update(offer_window(plan, len(footprints), steady.port, STEADY).status.tolist())
            footprints.append(at_rest(server, steady, started))
            print(f"{footprints[-1]}", file=sys.stderr)
        steady.process.wait_for_shadow()
        records = [r for one in (server, steady) for r in read_log(one.process.traffic_log).records]
    outcomes: dict[str, Counter[str]] = {name: Counter() for name in (*(c.name for c in CYCLE), STEADY)}
    for record in records:
        outcomes[condition_of(record.request_id)].update(
            result.status for arm, result in record.results.items() if arm == "B"
        )
    first, last = footprints[0], footprints[-1]
    return {
        "cores": in_words(),
        "minutes": (time.monotonic() - started) / 60,
        "rate_per_s": RATE_PER_S,
        "cycles": len(footprints),
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
        "lines": len(records),
        "outcomes_of_b": {name: dict(found) for name, found in outcomes.items()},
        "footprints": [asdict(one) for one in footprints],
        "growth": [
            {
                "what": name,
                "after_first_cycle": getattr(first, name),
                "after_last_cycle": getattr(last, name),
                "largest": max(getattr(one, name) for one in footprints),
                "per_hour": slope_per_hour(footprints, name),
                "flat": getattr(last, name)
                <= getattr(first, name) * (1 + (MEMORY_GROWTH if name.endswith("memory") else 0)),
            }
            for name in MEASURED
        ],
    }


HEADER = ("at rest", "after the first cycle", "after the last", "largest", "growth per hour, second half", "flat")


def rendered(body: Mapping[str, Any]) -> str:
    """Return the table, with a caption."""
    rows = [
        (
            row["what"].replace("b_", "B's ").replace("memory", "memory, MB"),
            f"{row['after_first_cycle']:.4g}",
            f"{row['after_last_cycle']:.4g}",
            f"{row['largest']:.4g}",
            "{estimate:.1f} [{low:.1f}, {high:.1f}]".format(**row["per_hour"]),
            "yes" if row["flat"] else "NO",
        )
        for row in body["growth"]
    ]
    answered = ", ".join(f"{count} with status {status}" for status, count in body["statuses"].items())
    return (
        f"{body['cycles']} cycles through {', '.join(condition.name for condition in CYCLE)} in {body['minutes']:.1f} "
        f"minutes at {body['rate_per_s']:g} requests a second. Responses: {answered}. Log lines: {body['lines']}.\n\n"
        + table(HEADER, rows)
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench."""
    options = trial_parser("soak", __doc__, "minutes", float).parse_args(argv)
    finish("soak", measure(options.minutes or MINUTES), rendered, trial=bool(options.minutes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
