"""`./just bench-judge`: time and memory of the judge for ten thousand to ten million lines, compared with pandas.

Both read the same synthetic log, one after the other, in separate processes. The judge does its complete work: checks,
statistics, report and figures. The pandas program computes only the numbers that depend on every line, and these are
compared. Prints a table and writes `results/judge.json`.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.command import finish, trial_parser
from bench.others import OthersMeter
from bench.result import ROOT
from bench.synthetic_log import write_log
from bench.table import table
from minieval.grading.items import parse_items
from minieval.verdict.verdict import EXIT_CODES, Verdict

SEED = 55
EVAL_SET = ROOT / "data" / "eval" / "phase-20.jsonl"
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
# Larger logs are judged only once, and not with pandas, which keeps the complete log in memory.
MOST_REPEATED = PANDAS_UP_TO = 1_000_000
REPEATS = 3
BOUND_FACTOR = 5.0
BOUND_S, BOUND_MB = 60.0, 2048.0
TOLERANCE = 1e-9
Number = int | float | None
_JUDGED = {EXIT_CODES[verdict] for verdict in (Verdict.PROMOTE, Verdict.HOLD, Verdict.RETRAIN)}


@dataclass(frozen=True)
class Cost:
    """The cost of a process: wall-clock seconds and peak resident memory in MB."""

    seconds: float
    memory_mb: float


def run(command: Sequence[str], allowed: set[int]) -> tuple[Cost, str]:
    """Run a program and return its cost and its output. Raises RuntimeError if it fails."""
    environ = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    with tempfile.TemporaryFile("w+") as printed:
        started = time.monotonic()
        process = subprocess.Popen(command, env=environ, stdout=printed, cwd=ROOT)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        # wait4 has reaped it; tell Popen.
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in allowed:
            raise RuntimeError(f"{command[2]} ended with {process.returncode}: expected one of {sorted(allowed)}")
        printed.seek(0)
        return Cost(seconds, used.ru_maxrss / 1024), printed.read()


def judge(log: Path, out: Path) -> tuple[Cost, dict[str, Number]]:
    """Judge a log with the ordinary command. Returns the cost and the numbers that pandas computes as well."""
    command = (sys.executable, "-m", "minieval", "compare")
    files = ("--log", str(log), "--eval-set", str(EVAL_SET), "--out", str(out))
    cost, _ = run((*command, *files), _JUDGED)
    return cost, dict(reported(json.loads((out / "report.json").read_text(encoding="utf-8"))))


def judge_with_pandas(log: Path) -> tuple[Cost, dict[str, Number]]:
    """Run the pandas program and return its cost and numbers."""
    cost, printed = run((sys.executable, "-m", "bench.pandas_judge", str(log), str(EVAL_SET)), {0})
    found: dict[str, Number] = json.loads(printed)
    return cost, found


def reported(report: Mapping[str, Any]) -> Iterator[tuple[str, Number]]:
    """Yield the numbers of a report under the names that pandas_judge uses."""
    missing, primary, found = report["missing"], report["quality"]["primary"], report["disagreement"]
    yield "logged", missing["logged"]
    yield "repeated request ids", missing["repeated_request_ids"]
    for arm in "AB":
        yield from ((f"{arm} {name}", n) for name, n in missing[f"runs_{arm.lower()}"]["statuses"].items())
    for name in ("pairs", "complete", "answered"):
        yield name, missing[name]
    yield "missing share", missing["missing_share"]
    yield "requests", primary["requests"]
    yield "varying items", primary["varying_items"]
    yield "difference", primary["difference"]
    yield "mid-p", primary["mcnemar_midp"]["pvalue"]
    yield from _table("all", primary | primary["counts"])
    for family in report["buckets"]:
        for row in family["rows"]:
            yield from _table(f"{family['name']} {row['value']}", row)
    for name in ("differing", "improved", "regressed"):
        yield name, found[name]
    yield "neutral, both right", found["neutral_both_right"]
    for arm in "AB":
        counted = found[arm.lower()]
        yield from ((f"{arm} {name}", counted[name]) for name in ("fixed", "missed", "preserved", "failed"))
        yield f"{arm} mis-fixed", counted["misfixed"]
        yield f"{arm} over-corrected", counted["over_corrected"]
    yield from ((f"from {move['a']} to {move['b']}", move["pairs"]) for move in found["transitions"])
    yield from _latency(report["latency"])


def _table(name: str, row: Mapping[str, Any]) -> Iterator[tuple[str, Number]]:
    yield f"{name} n", row["n"]
    yield f"{name} A right", row["n_correct_a"]
    yield f"{name} B right", row["n_correct_b"]
    yield f"{name} improved", row["n_improved"]
    yield f"{name} regressed", row["n_regressed"]


def _latency(section: Mapping[str, Any]) -> Iterator[tuple[str, Number]]:
    served, shadow = section["served"], section["shadow"]
    for arm in "AB":
        found = served[arm.lower()]
        yield f"{arm} served", found["n"]
        yield from ((f"{arm} p{round(100 * p['q'])}", p["estimate"]["value"]) for p in found["percentiles"])
    test = served["comparison"]["mann_whitney"]
    yield "U", test["statistic"]
    yield "U p", test["pvalue"]
    yield "B slower", test["probability_slower"]
    yield "signed rank", shadow["statistic"]
    yield "signed rank p", shadow["pvalue"]
    yield "median ratio", shadow["estimate"]


def differing(ours: Mapping[str, Number], theirs: Mapping[str, Number]) -> list[str]:
    """Return every number that is missing on one side or differs. Counts must be equal, others within the tolerance."""
    found = [f"{name}: only one has it" for name in sorted(ours.keys() ^ theirs.keys())]
    for name in ours.keys() & theirs.keys():
        x, y = ours[name], theirs[name]
        whole = isinstance(x, int) and isinstance(y, int)
        equal = x == y if x is None or y is None or whole else math.isclose(x, y, rel_tol=TOLERANCE, abs_tol=0)
        if not equal:
            found.append(f"{name}: {x!r} and {y!r}")
    return sorted(found)


def measure_size(lines: int, scratch: Path) -> dict[str, Any]:
    """Write a log and judge it alternately with both programs."""
    log = scratch / "traffic.log"
    write_log(log, parse_items(EVAL_SET.read_text(encoding="utf-8")), lines, SEED)
    repeats = REPEATS if lines <= MOST_REPEATED else 1
    ours, theirs, compared = [], [], 0
    wrong: set[str] = set()
    with OthersMeter().watching() as others:
        for number in range(repeats):
            cost, numbers = judge(log, scratch / f"{lines}-{number}")
            ours.append(cost)
            if lines <= PANDAS_UP_TO:
                cost, expected = judge_with_pandas(log)
                theirs.append(cost)
                wrong.update(differing(numbers, expected))
                compared = len(expected)
            print(f"{lines} lines: {ours[-1]} {theirs[-1:]}", file=sys.stderr)
    megabytes = log.stat().st_size / 1e6
    log.unlink()
    return {
        "lines": lines,
        "log_mb": megabytes,
        "judge": [asdict(one) for one in ours],
        "pandas": [asdict(one) for one in theirs],
        "numbers_compared": compared,
        "numbers_differing": sorted(wrong),
        "others_share": others.share,
    }


def measure(largest: int) -> dict[str, Any]:
    """Measure every size up to `largest`. Raises ValueError if even the smallest size is larger."""
    if largest < SIZES[0]:
        raise ValueError(f"lines is {largest}: expected at least {SIZES[0]}")
    with tempfile.TemporaryDirectory(prefix="lynx-bench-") as scratch:
        sizes = [measure_size(lines, Path(scratch)) for lines in SIZES if lines <= largest]
    for one, smaller in zip(sizes[1:], sizes, strict=False):
        one["times_as_long"] = _seconds(one["judge"]) / _seconds(smaller["judge"])
    return {"cores": os.cpu_count(), "seed": SEED, "eval_set": EVAL_SET.name, "sizes": sizes}


def _seconds(costs: Sequence[Mapping[str, float]]) -> float:
    return median(cost["seconds"] for cost in costs)


HEADER = ("lines", "log, MB", "judge, s", "MB", "than the size before", "pandas, s", "MB", "times the judge", "numbers")


def rendered(body: Mapping[str, Any]) -> str:
    """Return the table, every difference, and whether the bounds were met."""
    rows = []
    for one in body["sizes"]:
        ours, theirs = one["judge"], one["pandas"]
        row = [f"{one['lines']:,}", f"{one['log_mb']:,.0f}", f"{_seconds(ours):.1f}", _memory(ours)]
        row.append(f"{one['times_as_long']:.1f} times" if "times_as_long" in one else "")
        if theirs:
            equal = one["numbers_compared"] - len(one["numbers_differing"])
            row += [f"{_seconds(theirs):.1f}", _memory(theirs), f"{_seconds(theirs) / _seconds(ours):.1f}"]
            row.append(f"{equal} of {one['numbers_compared']} equal")
        rows.append([*row, *[""] * (len(HEADER) - len(row))])
    wrong = [f"{one['lines']:,}: {name}" for one in body["sizes"] for name in one["numbers_differing"]]
    others = max(one["others_share"] for one in body["sizes"])
    said = f"Others used at most {others:.1%} of the machine."
    return "\n".join((table(HEADER, rows), "", *wrong, *_bounds(body["sizes"]), said))


def _memory(costs: Sequence[Mapping[str, float]]) -> str:
    return f"{max(cost['memory_mb'] for cost in costs):,.0f}"


def _bounds(sizes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in sizes:
        if one["lines"] == PANDAS_UP_TO:
            factor = _seconds(one["pandas"]) / _seconds(one["judge"])
            yield f"{one['lines']:,} lines: pandas takes {factor:.1f} times as long, aim {BOUND_FACTOR:g}."
        if one["lines"] == SIZES[-1]:
            taken, held = _seconds(one["judge"]), one["judge"][0]["memory_mb"]
            met = taken < BOUND_S and held < BOUND_MB
            yield (
                f"{one['lines']:,} lines: {taken:.0f} s and {held:,.0f} MB, {'within' if met else 'BEYOND'} "
                f"{BOUND_S:.0f} s and {BOUND_MB:,.0f} MB."
            )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench; 1 if a number differs from pandas'."""
    options = trial_parser("judge", __doc__, "lines").parse_args(argv)
    body = measure(options.lines or SIZES[-1])
    finish("judge", body, rendered, trial=bool(options.lines))
    return 1 if any(one["numbers_differing"] for one in body["sizes"]) else 0


if __name__ == "__main__":
    sys.exit(main())
