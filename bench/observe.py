"""`./just bench-observe`: the cost of observability, as CPU time per request with logs, spans and metrics and without.

Servers with different telemetry, each with a healthy B in the shadow, take turns at half of A's capacity. "On" is the
default: spans of every request to a local file, log lines at info, metrics. "Off" is OTEL_SDK_DISABLED,
LYNX_LOG_LEVEL=error, and metrics that count nothing. Prints a table and writes `results/observe.json`.

Two processes of the same program may differ by up to 50 us a request for as long as they live, and the machine's speed
changes from one second to the next. So every round starts the servers anew and loads them alternately in short windows.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.bootstrap import mean_interval
from bench.capacity import Load, measure_capacity
from bench.command import finish, trial_parser
from bench.conditions import HEALTHY, OFF
from bench.others import OthersMeter
from bench.pinning import GENERATOR_CORE, in_words, pinned
from bench.result import ROOT
from bench.rounds import Plan, offer_window
from bench.server import ENVIRON, BenchServer, bench_server
from bench.table import table

SEED = 107
LOAD_SHARE = 0.5
BOUND_US = 100.0
ROUNDS = 12
WINDOWS = 16  # per server and round
PLAN = Plan(0.0, ROUNDS, 0.25, SEED)
NO_SPANS = {"OTEL_SDK_DISABLED": "true"}
FEW_SPANS = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}
NO_LOGS = {"LYNX_LOG_LEVEL": "error"}
DEFAULT_PROGRAM = ("-m", "miniserve")
UNMETERED_PROGRAM = (str(ROOT / "bench" / "unmetered_server.py"),)
ALL_ON, ALL_OFF = "everything on", "everything off"
SERVERS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    ALL_ON: ({}, DEFAULT_PROGRAM),
    "a tenth of the traces": (FEW_SPANS, DEFAULT_PROGRAM),
    "no spans": (NO_SPANS, DEFAULT_PROGRAM),
    "no logs": (NO_LOGS, DEFAULT_PROGRAM),
    "no metrics": ({}, UNMETERED_PROGRAM),
    ALL_OFF: (NO_SPANS | NO_LOGS, UNMETERED_PROGRAM),
}
# As many as the server admits under overload, so none is refused.
_THROUGHPUT_CONNECTIONS = 2
_THROUGHPUT_REQUESTS = 600


def cpu_ns(pid: int) -> int:
    """Return the CPU time that all threads of a process have used so far."""
    return sum(
        int((task / "schedstat").read_text(encoding="ascii").split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()
    )


def cpu_us_per_request(server: BenchServer, plan: Plan, name: str, number: int) -> float:
    """Send one window of load and return the CPU time of the server process per answered request."""
    pid = server.process.address.pid
    before = cpu_ns(pid)
    seen = offer_window(plan, number, server.port, name)
    server.process.wait_for_shadow()
    return (cpu_ns(pid) - before) / 1e3 / seen.count(200)


def measure(rounds: int) -> dict[str, Any]:
    """Measure the servers alternately."""
    spent: dict[str, list[float]] = {name: [] for name in SERVERS}
    throughput: dict[str, list[float]] = {name: [] for name in SERVERS}
    rng = np.random.default_rng(SEED)
    with running_servers() as servers:
        capacity = measure_capacity(Load(servers[ALL_ON].port, SEED))
    plan = replace(PLAN, rate_per_s=capacity.per_s * LOAD_SHARE)
    with OthersMeter().watching() as others:
        for number in range(1, rounds + 1):
            with running_servers() as servers:
                for name, value in round_of_windows(servers, plan, number, rng).items():
                    spent[name].append(value)
                for name in rng.permutation(list(servers)).tolist():
                    load = Load(servers[name].port, SEED + number)
                    throughput[name].append(load.back_to_back(_THROUGHPUT_REQUESTS, _THROUGHPUT_CONNECTIONS))
                    servers[name].process.wait_for_shadow()
            print(f"round {number} of {rounds}", file=sys.stderr)
    saved = {name: mean_interval(np.subtract(spent[ALL_ON], spent[name]), SEED) for name in SERVERS if name != ALL_ON}
    return {
        "cores": in_words(),
        "capacity": asdict(capacity),
        "plan": asdict(plan),
        "rounds": rounds,
        "windows": WINDOWS,
        "others_share": others.share,
        "cpu_us_per_request": {name: float(np.mean(values)) for name, values in spent.items()},
        "throughput_per_s": {name: float(np.mean(values)) for name, values in throughput.items()},
        "saved_us": {name: asdict(interval) for name, interval in saved.items()},
        "bound_us": BOUND_US,
        "within": saved[ALL_OFF].high <= BOUND_US,
    }


@contextmanager
def running_servers() -> Iterator[dict[str, BenchServer]]:
    """Start a server of each kind, wait until its B is loaded, and keep this process off their core."""
    with tempfile.TemporaryDirectory(prefix="lynx-bench-") as scratch, ExitStack() as running:
        servers = {
            name: running.enter_context(bench_server(Path(scratch) / name, ENVIRON | environ, program))
            for name, (environ, program) in SERVERS.items()
        }
        running.enter_context(pinned(GENERATOR_CORE))
        for server in servers.values():
            server.adopt(HEALTHY)
            server.process.wait_for_shadow()
        yield servers
        for server in servers.values():
            server.adopt(OFF)


def round_of_windows(
    servers: Mapping[str, BenchServer], plan: Plan, number: int, rng: np.random.Generator
) -> dict[str, float]:
    """Load the servers in random order; return each one's mean CPU time per request over its windows, in us."""
    spent: dict[str, list[float]] = {name: [] for name in servers}
    for window in range(WINDOWS + 1):
        for name in rng.permutation(list(servers)).tolist():
            spent[name].append(cpu_us_per_request(servers[name], plan, name, number * 1_000 + window))
    # The first window warms up.
    return {name: float(np.mean(values[1:])) for name, values in spent.items()}


def rendered(body: Mapping[str, Any]) -> str:
    """Return a line on the method and the table, in which the saving of "everything off" is compared to BOUND_US."""
    rows = []
    for name, spent in body["cpu_us_per_request"].items():
        saved = body["saved_us"].get(name)
        shown = "{estimate:.0f} [{low:.0f}, {high:.0f}]".format(**saved) if saved else ""
        if name == ALL_OFF:
            shown += f" {'within' if body['within'] else 'BEYOND'} {body['bound_us']:.0f}"
        rows.append((name, f"{spent:.0f}", shown, f"{body['throughput_per_s'][name]:.0f}"))
    windows = f"{body['rounds']} starts, {body['windows']} windows of {body['plan']['window_s']:g} s each"
    return (
        f"At {body['plan']['rate_per_s']:.0f} requests a second, half of A's capacity; {windows}. "
        f"Others used {body['others_share']:.1%} of the machine.\n\n"
        + table(("server", "CPU per request, us", "saved, us", "max throughput, requests/s"), rows)
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench."""
    options = trial_parser("observe", __doc__, "rounds").parse_args(argv)
    finish("observe", measure(options.rounds or ROUNDS), rendered, trial=bool(options.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
