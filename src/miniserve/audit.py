"""`python -m miniserve.audit LOG IDS`: does the log account for every id that was sent?

sent = logged, and logged = paired + each kind of missing. Exits 0 when the books balance, 3 when they do not,
2 when a file cannot be read.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from miniserve.records import RecordError, TrafficRecord
from miniserve.trafficlog import read_log

_SHOWN = 5


@dataclass(frozen=True)
class Audit:
    """The books of one log: what was sent, what is in it, and every sentence about what does not fit."""

    sent: int
    logged: int
    shadowed: int
    outcomes: tuple[tuple[str, int], ...]
    findings: tuple[str, ...]


def audit(records: Sequence[TrafficRecord], torn: int, sent: Iterable[str]) -> Audit:
    """Compare a log with the ids that were sent, an id as often as it was sent."""
    sent_counts = Counter(sent)
    logged = Counter(record.request_id for record in records)
    repeated = [i for i, n in Counter(record.record_id for record in records).items() if n > 1]
    shadowed = [record for record in records if record.shadow_arm is not None]
    outcomes = Counter(_outcome(record) for record in shadowed)
    findings = [
        *_finding("sent but not logged", (sent_counts - logged).elements()),
        *_finding("logged but not sent", (logged - sent_counts).elements()),
        *_finding("record ids that stand twice", repeated),
        *([f"{torn} torn line at the end"] if torn else []),
    ]
    return Audit(
        sent=sent_counts.total(),
        logged=len(records),
        shadowed=len(shadowed),
        outcomes=tuple(sorted(outcomes.items())),
        findings=tuple(findings),
    )


def _outcome(record: TrafficRecord) -> str:
    """Return "paired", or which arm gave no answer and why."""
    missing = [f"{arm} {result.status}" for arm, result in record.results.items() if result.status != "ok"]
    return ", ".join(missing) or "paired"


def _finding(what: str, ids: Iterable[str]) -> list[str]:
    found = list(ids)
    if not found:
        return []
    shown = ", ".join(repr(i) for i in found[:_SHOWN])
    return [f"{len(found)} {what}: {shown}{', ...' if len(found) > _SHOWN else ''}"]


def read_ids(path: Path) -> list[str]:
    """Return the ids of a file: one a line, or those of a lab's manifest.json.

    Raises ValueError when a JSON file is not a manifest, OSError when it cannot be read.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".json":
        return text.split()
    try:
        return [request_id for block in json.loads(text)["run"]["blocks"] for request_id in {**block["requests"]}]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{path.name} has no run.blocks[].requests: expected a lab's manifest") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Print the books and what is wrong with them; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m miniserve.audit", description=__doc__)
    parser.add_argument("log", type=Path, metavar="LOG")
    parser.add_argument("ids", type=Path, metavar="IDS", help="one id a line, or a lab's manifest.json")
    options = parser.parse_args(argv)
    try:
        contents = read_log(options.log)
        found = audit(contents.records, contents.torn, read_ids(options.ids))
    except (RecordError, ValueError, OSError) as error:
        print(f"audit: {error}", file=sys.stderr)
        return 2
    print(f"sent {found.sent}, logged {found.logged}, of those shadowed {found.shadowed}")
    for outcome, count in found.outcomes:
        print(f"  {outcome}: {count}")
    for finding in found.findings:
        print(f"audit: {finding}", file=sys.stderr)
    return 3 if found.findings else 0


if __name__ == "__main__":
    sys.exit(main())
