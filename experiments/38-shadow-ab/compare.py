"""Judges the lab: grades both arms offline, decides, writes report.html, report.md, its figures and report.json.

Exits 0 promote, 10 hold, 20 retrain, 3 invalid evidence, 2 usage, 130 on Ctrl-C. minieval does the work, as in
`python -m minieval compare`; this file only knows where the lab's log, manifest, eval set and baseline are.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from minieval.conclude import conclude, unreadable
from minieval.files import locked_md5
from minieval.grading.grader import GrammarGrader
from minieval.grading.identity import REPOSITORY
from minieval.inputs import Inputs
from minieval.interrupts import run_stoppable
from minieval.measures.cost import DEFAULT_RATE_USD_PER_HOUR

HERE = Path(__file__).resolve().parent
AA = HERE / "aa" / "report.json"
EVAL_SET = REPOSITORY / "data" / "eval" / "phase-20.jsonl"
BASELINE = REPOSITORY / "eval_baseline.json"


def main(argv: Sequence[str] | None = None) -> int:
    """Judge and write the report; returns the verdict's exit code, or 2 with a message on stderr."""
    return run_stoppable("compare.py", lambda: _compare(read_options(argv)))


def _compare(options: argparse.Namespace) -> int:
    try:
        return conclude("compare.py", read_inputs(options), options.out)
    except OSError as error:
        return unreadable("compare.py", error)


def read_inputs(options: argparse.Namespace) -> Inputs:
    """Read every input; raises OSError if one cannot be read."""
    # dvc.lock lists files of the repository only, so it says nothing about an eval set elsewhere.
    lock = REPOSITORY / "dvc.lock"
    inside = options.eval_set.resolve().is_relative_to(REPOSITORY)
    name = options.eval_set.resolve().relative_to(REPOSITORY).as_posix() if inside else ""
    return Inputs(
        logs=(options.log,),
        grader=GrammarGrader(),
        manifest=options.manifest.read_bytes(),
        eval_set=options.eval_set.read_bytes(),
        baseline=options.baseline.read_bytes(),
        dvc_lock_md5=locked_md5(lock.read_text(encoding="utf-8"), name) if lock.exists() and inside else None,
        rate_usd_per_hour=options.rate_usd_per_hour,
        aa=None if options.aa is None else options.aa.read_bytes(),
    )


def read_options(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the options, filling in the run's own paths; exits 2 on wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--run", type=Path, default=HERE, help="a run's folder, as route.py wrote it; the report goes there"
    )
    parser.add_argument("--log", type=Path, help="default: traffic.log of the run")
    parser.add_argument("--manifest", type=Path, help="default: manifest.json of the run")
    parser.add_argument("--eval-set", type=Path, default=EVAL_SET)
    parser.add_argument("--baseline", type=Path, default=BASELINE)
    parser.add_argument(
        "--aa", type=Path, help="report.json of an A/A run, the noise floor; default: the lab's, for its runs"
    )
    parser.add_argument(
        "--rate-usd-per-hour",
        type=_rate,
        default=DEFAULT_RATE_USD_PER_HOUR,
        help="what an hour of the machine costs (%(default)s)",
    )
    parser.add_argument(
        "--out", type=Path, help="another folder for the report and a copy of the manifest; needed for other inputs"
    )
    options = parser.parse_args(argv)
    if options.out is None:
        own = {"log": None, "manifest": None, "eval_set": EVAL_SET, "baseline": BASELINE}
        others = [name for name, value in own.items() if getattr(options, name) != value]
        if others:  # judging other inputs must not replace a run's own report
            parser.error(f"--out is missing: expected a folder, as --{others[0].replace('_', '-')} is not the run's")
        options.out = options.run
    # The noise floor depends on which run is judged, not on where the report goes.
    run = options.run.resolve()
    of_lab = options.manifest is None and run.is_relative_to(HERE) and run != AA.parent
    if options.aa is None and of_lab and AA.exists():
        options.aa = AA
    options.log = options.log or options.run / "traffic.log"
    options.manifest = options.manifest or options.run / "manifest.json"
    return options


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a price: expected a number of USD above 0")
    return rate


if __name__ == "__main__":
    sys.exit(main())
