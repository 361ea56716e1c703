"""`./just bench-overload`: at 3 times A's capacity, served requests stay fast and the rest get Retry-After.

Compares the p99 of the served requests with the unloaded p99, with the shadow off and with a healthy B. Prints a table
and writes `results/overload.json`.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from bench.capacity import Load, measure_capacity
from bench.command import finish, trial_parser
from bench.conditions import HEALTHY, OFF, Condition
from bench.load import MAX_CONNECTIONS, Observed
from bench.others import OthersMeter
from bench.pinning import GENERATOR_CORE, in_words, pinned
from bench.rounds import Plan, Rounds, offer_window, run_rounds
from bench.server import BenchServer, bench_server
from bench.table import interval, table

SEED = 83
FACTOR = 3.0
BOUND = 2.0
UNLOADED = "unloaded"
ROUNDS = 4
UNLOADED_PLAN = Plan(0.0, ROUNDS, 8.0, SEED)
OVERLOAD_PLAN = Plan(0.0, ROUNDS, 15.0, SEED)
CONDITIONS = {"3 times, shadow off": OFF, "3 times, B healthy": HEALTHY}
_REFUSED = 503


class Overload:
    """Measures the conditions on one server, and counts refusals without Retry-After."""

    def __init__(self, server: BenchServer, unloaded: Plan, overload: Plan) -> None:
        self._server = server
        self._unloaded = unloaded
        self._overload = overload
        self.without_retry_after: Counter[str] = Counter()

    def unloaded(self, number: int) -> Observed:
        """Offer a load so low that requests rarely overlap."""
        return offer_window(self._unloaded, number, self._server.port, UNLOADED)

    def overloaded(self, name: str, condition: Condition, number: int) -> Observed:
        """Offer 3 times A's capacity."""
        with self._server.under(condition):
            seen = offer_window(self._overload, number, self._server.port, name)
        self.without_retry_after[name] += int(((seen.status == _REFUSED) & ~seen.retry_after).sum())
        return seen


def summary(rounds: Rounds, name: str, seconds: float, without_retry_after: int) -> dict[str, Any]:
    """Return the results of one condition. Requests without an answer count as served with infinite latency."""
    found = rounds.summary(name, UNLOADED)
    statuses = rounds.statuses[name]
    found["offered_per_s"] = statuses.total() / seconds
    found["served_per_s"] = statuses[200] / seconds
    found["refused"] = statuses[_REFUSED]
    found["refused_without_retry_after"] = without_retry_after
    found["other_statuses"] = statuses.total() - statuses[200] - statuses[_REFUSED]
    if name != UNLOADED:
        found["within"] = found["p99_ratio"]["estimate"] <= BOUND and found["other_statuses"] == 0
    return found


def measure(rounds_wanted: int) -> dict[str, Any]:
    """Find the capacity, offer three times as much, and check that the server still works afterwards."""
    with tempfile.TemporaryDirectory(prefix="lynx-bench-") as scratch, bench_server(Path(scratch)) as server:
        with pinned(GENERATOR_CORE):
            capacity = measure_capacity(Load(server.port, SEED))
            overload = Overload(
                server,
                replace(UNLOADED_PLAN, rate_per_s=capacity.unloaded_per_s),
                replace(OVERLOAD_PLAN, rate_per_s=FACTOR * capacity.per_s),
            )
            pid = server.process.address.pid
            rounds = run_rounds(
                rounds_wanted,
                SEED,
                {UNLOADED: overload.unloaded}
                | {name: partial(overload.overloaded, name, condition) for name, condition in CONDITIONS.items()},
                OthersMeter(),
            )
        ready = httpx.get(f"{server.process.address.url}/readyz").status_code
        same_process = server.process.details()["ready"] and server.process.address.pid == pid
        seconds = {UNLOADED: UNLOADED_PLAN.window_s * rounds_wanted} | dict.fromkeys(
            CONDITIONS, OVERLOAD_PLAN.window_s * rounds_wanted
        )
        return {
            "cores": in_words(),
            "capacity": asdict(capacity),
            "factor": FACTOR,
            "connections": MAX_CONNECTIONS,
            "others_share": max(rounds.others_share),
            "ready_afterwards": ready == httpx.codes.OK and same_process,
            "conditions": [
                summary(rounds, name, span, overload.without_retry_after[name]) for name, span in seconds.items()
            ],
        }


HEADER = ("condition", "offered/s", "served/s", "refused", "no Retry-After", "other", "p50 ms", "p99 ms", "p99 ratio")


def rendered(body: Mapping[str, Any]) -> str:
    """Return the table, with a caption."""
    rows = [
        (
            row["condition"],
            f"{row['offered_per_s']:.0f}",
            f"{row['served_per_s']:.0f}",
            row["refused"],
            row["refused_without_retry_after"],
            row["other_statuses"],
            f"{row['p50_ms']:.2f}",
            f"{row['p99_ms']:.2f}",
            interval(**row["p99_ratio"]) + {None: "", True: " within 2", False: " BEYOND 2"}[row.get("within")],
        )
        for row in body["conditions"]
    ]
    return (
        f"3 times A's capacity of {body['capacity']['per_s']:.0f} requests a second, over at most "
        f"{body['connections']} connections. After the overload the server is "
        f"{'' if body['ready_afterwards'] else 'NOT '}ready. Other processes used at most {body['others_share']:.1%} "
        "of the machine.\n\n" + table(HEADER, rows)
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench."""
    options = trial_parser("overload", __doc__, "rounds").parse_args(argv)
    finish("overload", measure(options.rounds or ROUNDS), rendered, trial=bool(options.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
