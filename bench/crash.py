"""`./just bench-crash`: kills the server, B, both, or parts of a two-process server, at random moments under load.

After each kill and restart, every request that a client saw answered must have exactly one line. Also measures the cost
of the journal on the request path. Prints tables and writes `results/crash.json`.
"""

import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from bench.command import finish, trial_parser
from bench.load import offer, poisson_schedule
from bench.requests import correction, eval_sentences, request_ids
from bench.result import ROOT
from bench.table import table
from minieval.record.record import ArmResult, TrafficRecord
from minimodel.bundles.registry import Registry
from miniobserve.metrics.metrics import Metrics
from miniserve.log.audit import audit
from miniserve.log.ledger import Ledger
from miniserve.log.traffic_log import read_log, utc_now
from miniserve.processes.local import LocalServer
from miniserve.routes.switch import two_arms
from miniserve.traffic import DEFAULT_SALT, Strategy

SEED = 38
RATE_PER_S = 120.0
WINDOW_S = 0.9
# Kills happen within this part of the window, while requests are in progress and more will follow.
KILL_BETWEEN = (0.2, 0.9)
JOURNAL_BOUND_US = 20.0
_JOURNAL_RECORDS = 20_000


@dataclass(frozen=True)
class Kind:
    """What is killed, how often, and how many processes the server has."""

    name: str
    kills: int
    processes: int
    victims: Callable[[LocalServer, np.random.Generator], list[int]]


def _server_pid(server: LocalServer) -> int:
    return server.address.pid


def _b_pid(server: LocalServer) -> int:
    pid: int = server.details()["shadow"]["pid"]
    return pid


def _process_pids(server: LocalServer) -> list[int]:
    return [process["pid"] for process in server.details()["processes"]]


def _one_process(server: LocalServer, rng: np.random.Generator) -> int:
    return int(rng.choice(_process_pids(server)))


KINDS = (
    Kind("the server", 30, 1, lambda server, _: [_server_pid(server)]),
    Kind("B", 20, 1, lambda server, _: [_b_pid(server)]),
    Kind("B and the server", 20, 1, lambda server, _: [_b_pid(server), _server_pid(server)]),
    Kind("one of two processes", 10, 2, lambda server, rng: [_one_process(server, rng)]),
    Kind("the parent of two", 10, 2, lambda server, _: [_server_pid(server)]),
    Kind("the parent and both", 10, 2, lambda server, _: [_server_pid(server), *_process_pids(server)]),
)


@dataclass(frozen=True)
class Killed:
    """One kill: requests sent around it, answers (200 or other), and the contents of the log afterwards."""

    kind: str
    sent: int
    answered: int
    refused: int
    lines: int
    interrupted: int
    findings: tuple[str, ...]


def kill_under_load(server: LocalServer, kind: Kind, rng: np.random.Generator) -> Killed:
    """Load the server, kill at a random moment, restart, and compare the log with what clients saw."""
    victims = kind.victims(server, rng)
    processes = _process_pids(server)
    due = poisson_schedule(RATE_PER_S, WINDOW_S, rng)
    ids, sentences = request_ids(len(due), rng), rng.choice(eval_sentences(), len(due))
    requests = [correction(str(sentence), name) for sentence, name in zip(sentences, ids, strict=True)]
    killer = threading.Timer(WINDOW_S * rng.uniform(*KILL_BETWEEN), _kill, (victims,))
    killer.start()
    seen = offer(server.address.port, requests, due)
    killer.join()
    if server.address.pid in victims:
        server.kill()  # already dead; this reaps the process
        _wait_until_gone(processes)
        server.start()
    server.wait_for(lambda: server.details()["ready"], "all its processes back")
    server.wait_for_shadow()
    return _examined(kind, server, dict(zip(ids, seen.status.tolist(), strict=True)))


def _kill(victims: Sequence[int]) -> None:
    for pid in victims:
        os.kill(pid, signal.SIGKILL)


def _wait_until_gone(pids: Sequence[int]) -> None:
    until = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > until:
            raise TimeoutError(
                f"processes {pids} are still running a minute after their parent died: expected them to exit"
            )
        time.sleep(0.02)


def _examined(kind: Kind, server: LocalServer, statuses: Mapping[str, int]) -> Killed:
    """Compare the log with the status of each request id, 0 for no answer."""
    contents = read_log(server.traffic_log)
    records = [record for record in contents.records if record.request_id in statuses]
    unanswered = [name for name, status in statuses.items() if status != HTTPStatus.OK]
    found = audit(records, list(statuses), lost=contents.lost, unanswered=unanswered)
    counts = Counter(statuses.values())
    return Killed(
        kind.name,
        sent=len(statuses),
        answered=counts[HTTPStatus.OK],
        refused=len(statuses) - counts[HTTPStatus.OK] - counts[0],
        lines=len(records),
        interrupted=sum(result.status == "interrupted" for record in records for result in record.results.values()),
        findings=found.findings,
    )


def kill_all(kinds: Sequence[Kind], seed: int) -> tuple[list[Killed], list[str]]:
    """Perform all kills. Returns them, and the findings of an audit of the complete logs."""
    registry = Registry.read(ROOT / "models")
    config = two_arms(Strategy.SHADOW, registry.resolve("v0.1.0"), registry.resolve("v0.3.0"), DEFAULT_SALT)
    killed: list[Killed] = []
    findings: list[str] = []
    for processes in sorted({kind.processes for kind in kinds}):
        concerned = [kind for kind in kinds if kind.processes == processes]
        with tempfile.TemporaryDirectory(prefix="lynx-bench-") as scratch:
            environ = {"LYNX_MODELS_DIR": str(ROOT / "models"), "LYNX_WORKERS": str(processes)}
            rng = np.random.default_rng((seed, processes))
            order = rng.permutation([kind.name for kind in concerned for _ in range(kind.kills)])
            with LocalServer(Path(scratch), config, environ) as server:
                server.wait_for_shadow()
                for name in order:
                    (kind,) = (kind for kind in concerned if kind.name == name)
                    killed.append(kill_under_load(server, kind, rng))
                    print(f"{len(killed):3} {killed[-1]}", file=sys.stderr)
            records = read_log(server.traffic_log).records
            twice = [name for name, count in Counter(record.record_id for record in records).items() if count > 1]
            findings += [f"record {name} appears twice" for name in twice]
            findings += [f"{path.name} is left in the journal" for path in server.folder.glob("journal/*.jsonl")]
    return killed, findings


def journal_cost() -> dict[str, Any]:
    """Return the cost in microseconds of writing to the journal before a reply is sent."""
    served = ArmResult("ok", "He went home.", edit_applied=True, latency_ms=1.0, tokens=4)
    record = TrafficRecord(
        "0" * 32, utc_now(), "0" * 36, "0" * 32, 200, "shadow", DEFAULT_SALT, "0" * 64, "A", "B",
        {"A": "0" * 64, "B": "1" * 64}, "A", "He goed home.", {"A": served},
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="lynx-bench-") as scratch:
        ledger = Ledger(Path(scratch), Metrics())
        shadowed = [msgspec.structs.replace(record, record_id=f"{number:032x}") for number in range(_JOURNAL_RECORDS)]
        alone = [msgspec.structs.replace(one, strategy="single", shadow_arm=None) for one in shadowed]
        costs = {
            "a shadow's promise": _timed(lambda one: ledger.promise(one, "B"), shadowed),
            "a line without a shadow": _timed(ledger.record, alone),
        }
        ledger.close()
    return {
        name: {f"p{q}_us": float(np.percentile(cost, q)) for q in (50, 95, 99)}
        | {"within": bool(np.median(cost) <= JOURNAL_BOUND_US)}
        for name, cost in costs.items()
    }


def _timed(do: Callable[[TrafficRecord], object], records: Sequence[TrafficRecord]) -> list[float]:
    costs = []
    for record in records:
        started = time.perf_counter_ns()
        do(record)
        costs.append((time.perf_counter_ns() - started) / 1e3)
    return costs


def measure(kinds: Sequence[Kind], seed: int) -> dict[str, Any]:
    """Perform all kills and return the body of the result."""
    cost = journal_cost()
    killed, findings = kill_all(kinds, seed)
    rows = [_row(kind.name, [one for one in killed if one.kind == kind.name]) for kind in kinds]
    return {
        "seed": seed,
        "rate_per_s": RATE_PER_S,
        "window_s": WINDOW_S,
        "kills": [*rows, _row("all", killed)],
        "findings": [*(finding for one in killed for finding in one.findings), *findings],
        "journal": cost,
    }


def _row(name: str, killed: Sequence[Killed]) -> dict[str, Any]:
    return {
        "killed": name,
        "kills": len(killed),
        **{
            key: sum(getattr(one, key) for one in killed)
            for key in ("sent", "answered", "refused", "lines", "interrupted")
        },
        "wrong": sum(bool(one.findings) for one in killed),
    }


COUNTS = ("sent", "answered", "refused", "lines", "interrupted")
KILLS_HEADER = ("killed", "kills", "sent", "answered", "refused", "lines", "of those recovered", "kills with a finding")
JOURNAL_HEADER = ("before the reply", "p50 us", "p95 us", "p99 us", f"median at most {JOURNAL_BOUND_US:g}")


def rendered(body: Mapping[str, Any]) -> str:
    """Return both tables and every finding."""
    kills = [list(row.values()) for row in body["kills"]]
    journal = [
        (name, *(f"{cost[f'p{q}_us']:.1f}" for q in (50, 95, 99)), "yes" if cost["within"] else "NO")
        for name, cost in body["journal"].items()
    ]
    wrong = "\n".join(body["findings"]) or "Every answered request has exactly one line, and no line appears twice."
    return (
        f"`kill -9` at random moments under {body['rate_per_s']:g} requests a second, then a restart.\n\n"
        f"{table(KILLS_HEADER, kills)}\n\n{wrong}\n\n{table(JOURNAL_HEADER, journal)}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench. Returns 1 if a request has no line or more than one."""
    parser = trial_parser("crash", __doc__, "kills")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(argv)
    kinds = [replace(kind, kills=options.kills) for kind in KINDS] if options.kills else KINDS
    body = measure(kinds, options.seed)
    finish("crash", body, rendered, trial=bool(options.kills))
    return 1 if body["findings"] else 0


if __name__ == "__main__":
    sys.exit(main())
