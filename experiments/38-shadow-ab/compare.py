"""Judges the lab: grades both arms offline, decides, writes report.html, report.md, its figures and report.json.

Exits 0 promote, 10 hold, 20 retrain, 3 invalid evidence, 2 usage. All of it is minieval's, as in
`python -m minieval compare`; here stand the lab's own log, manifest, eval set and baseline.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from minieval.conclusion import conclude, unreadable
from minieval.files import locked_md5
from minieval.grader import GrammarGrader
from minieval.grader_identity import REPOSITORY
from minieval.judgement import Inputs

HERE = Path(__file__).resolve().parent


def main(argv: Sequence[str] | None = None) -> int:
    """Judge and write; returns the exit code of the verdict, or 2 with a sentence on stderr."""
    options = read_options(argv)
    try:
        return conclude("compare.py", read_inputs(options), options.out, options.manifest)
    except OSError as error:
        return unreadable("compare.py", error)


def read_inputs(options: argparse.Namespace) -> Inputs:
    """Return the bytes of every input; raises OSError when one cannot be read."""
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
    )


def read_options(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return where the inputs stand and where the report goes; exits 2 on wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__)
    defaults = {
        "log": HERE / "traffic.log",
        "manifest": HERE / "manifest.json",
        "eval_set": REPOSITORY / "data" / "eval" / "phase-20.jsonl",
        "baseline": REPOSITORY / "eval_baseline.json",
    }
    for name, path in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=Path, default=path)
    parser.add_argument("--out", type=Path, help="the folder that the report goes to; needed for other inputs")
    options = parser.parse_args(argv)
    if options.out is None:
        others = [name for name, path in defaults.items() if getattr(options, name) != path]
        if others:  # judging something else must not replace the lab's own report
            parser.error(f"--out is missing: expected a folder, as --{others[0].replace('_', '-')} is not the lab's")
        options.out = HERE
    return options


if __name__ == "__main__":
    sys.exit(main())
