"""`python -m miniserve.log.audit LOG IDS`: does the log account for every id that was sent?

It does if sent = logged, and logged = paired + each kind of missing. Exits 0 if so, 3 if not, and 2 if a file cannot
be read. An id whose client got no answer (`--unanswered`) may or may not have a line.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from minieval.record.record import RecordError, TrafficRecord
from miniserve.log.traffic_log import read_log

_SHOWN = 5


@dataclass(frozen=True)
class Audit:
    """How many ids were sent, how many records the log has by outcome, and one sentence per discrepancy."""

    sent: int
    logged: int
    outcomes: tuple[tuple[str, int], ...]
    findings: tuple[str, ...]


def audit(
    records: Sequence[TrafficRecord], sent: Iterable[str], *, lost: int = 0, unanswered: Iterable[str] = ()
) -> Audit:
    """Compare a log with the ids that were sent, each as often as it was sent.

    `lost` is how many records the log itself reports as lost. `unanswered` are the sent ids that need no line.
    """
    sent_counts = Counter(sent)
    # Counters, not sets: an id may be sent twice, and each time needs a line.
    owed = sent_counts - Counter(unanswered)
    logged = Counter(record.request_id for record in records)
    repeated = [i for i, n in Counter(record.record_id for record in records).items() if n > 1]
    return Audit(
        sent=sent_counts.total(),
        logged=len(records),
        outcomes=tuple(sorted(Counter(_outcome(record) for record in records).items())),
        findings=(
            *_finding("sent but not logged", (owed - logged).elements()),
            *_finding("logged but not sent", (logged - sent_counts).elements()),
            *_finding("record ids that occur twice", repeated),
            *([f"{lost} records lost, as the log itself reports"] if lost else []),
        ),
    )


def _outcome(record: TrafficRecord) -> str:
    """Return "paired", or why the record is no pair: "no shadow", and the arms that gave no answer."""
    missing = [f"{arm} {result.status}" for arm, result in record.results.items() if result.status != "ok"]
    if record.shadow_arm is None:
        missing.insert(0, "no shadow")
    return ", ".join(missing) or "paired"


def _finding(what: str, ids: Iterable[str]) -> list[str]:
    found = list(ids)
    if not found:
        return []
    shown = ", ".join(repr(i) for i in found[:_SHOWN])
    return [f"{len(found)} {what}: {shown}{', ...' if len(found) > _SHOWN else ''}"]


def read_ids(path: Path) -> list[str]:
    """Return the ids in a file: one per line, or those of a lab's manifest.json.

    Raises ValueError if a JSON file is not a manifest, OSError if it cannot be read.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".json":
        return text.split()
    try:
        return [request_id for block in json.loads(text)["run"]["blocks"] for request_id in {**block["requests"]}]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{path.name} has no run.blocks[].requests: expected a lab's manifest") from error


def main(argv: Sequence[str] | None = None, program: str = "python -m miniserve.log.audit") -> int:
    """Print the counts and the discrepancies; returns the exit code."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument("log", type=Path, metavar="LOG")
    parser.add_argument("ids", type=Path, metavar="IDS", help="one id per line, or a lab's manifest.json")
    parser.add_argument("--unanswered", type=Path, metavar="FILE", help="those of the IDS that got no answer")
    options = parser.parse_args(argv)
    try:
        contents = read_log(options.log)
        unanswered = read_ids(options.unanswered) if options.unanswered else []
        found = audit(contents.records, read_ids(options.ids), lost=contents.lost, unanswered=unanswered)
    except (RecordError, ValueError, OSError) as error:
        print(f"audit: {error}", file=sys.stderr)
        return 2
    print(f"sent {found.sent}, unanswered {len(unanswered)}, logged {found.logged}")
    for outcome, count in found.outcomes:
        print(f"  {outcome}: {count}")
    if contents.torn:
        print(f"{contents.torn} torn lines: beginnings of records that are whole elsewhere, or were not answered")
    for finding in found.findings:
        print(f"audit: {finding}", file=sys.stderr)
    return 3 if found.findings else 0


if __name__ == "__main__":
    sys.exit(main())
