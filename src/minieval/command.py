"""`python -m minieval compare`: judges any log in the published record schema, with or without our server."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from minieval.conclude import conclude, refused, unreadable
from minieval.errors import InputRefused
from minieval.grading.grader import BUILT_IN, load_grader
from minieval.judge import Inputs
from minieval.rules import parse_rules

PROGRAM: Final = "python -m minieval compare"
EXIT_CODES: Final = """\
exit codes:
  0   promote    B may replace A
  10  hold       nothing settled: the report says what would settle it
  20  retrain    B is worse, or cannot become useful enough
  3   invalid    the evidence must not be judged: the report says why
  2              wrong usage, or a file that cannot be read; no report is written
"""
_RULES: Final = {
    "policy": "better, or non_inferior; default better",
    "alpha": "accepted chance of a false promotion; default 0.05",
    "planned_n": "items to be paired, as fixed before the run; default every item of the eval set",
    "seed": "of the bootstrap; default 0",
    "warmup": "first requests of each arm that latency leaves out; default 0",
}
_MARGINS: Final = {
    "p50_ratio": "how much slower B may be at the median, B over A; default 1.2",
    "p95_ratio": "the same at the 95th percentile; default 1.5",
    "noninferiority": "how much less accurate B may be under non_inferior, as a share; default 0.03",
    "smallest_useful_gain": "a gain below this share is of no use under better; default 0.02",
    "latency_slack_ms": "a shift below this is never too slow; default 0",
    "failure_rate": "share of B's runs that may fail; default 0.02",
    "missing_rate": "share of the pairs that may be missing; default 0.02",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Judge and write the report; returns the verdict's exit code, or 2 with a sentence on stderr."""
    options = _parser().parse_args(argv)
    try:
        return conclude(PROGRAM, _inputs(options), options.out, options.out / "manifest.json")
    except InputRefused as error:
        return refused(PROGRAM, error)
    except OSError as error:
        return unreadable(PROGRAM, error)


def _inputs(options: argparse.Namespace) -> Inputs:
    """Return what the options name; raises InputRefused or OSError."""
    rules = _rules(options)
    if options.manifest is not None and rules:
        first = next(iter(rules))
        raise InputRefused(f"--{first.replace('_', '-')}", rules[first], "nothing, as the manifest fixed the rule")
    return Inputs(
        logs=tuple(options.log),
        eval_set=options.eval_set.read_bytes(),
        grader=load_grader(options.grader),
        manifest=None if options.manifest is None else options.manifest.read_bytes(),
        baseline=None if options.baseline is None else options.baseline.read_bytes(),
        rules=parse_rules(rules),
    )


def _rules(options: argparse.Namespace) -> dict[str, object]:
    """Return what was said of the rule, margins as the manifest groups them."""
    said = {name: value for name in _RULES if (value := getattr(options, name)) is not None}
    margins = {name: value for name in _MARGINS if (value := getattr(options, name)) is not None}
    return said | ({"margins": margins} if margins else {})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m minieval",
        description="May model B replace model A? Judges the traffic that both answered.",
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    compare = commands.add_parser(
        "compare",
        help="grade a log, decide, write report.html, report.md, report.json and manifest.json",
        description="Grades a traffic log offline, decides, and writes report.html, report.md with its figures, "
        "report.json and manifest.json. docs/judge.md says what a log and an eval set look like.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    compare.add_argument(
        "--log", type=Path, nargs="+", required=True, metavar="FILE", help="plain or gzipped, in order"
    )
    compare.add_argument("--eval-set", type=Path, required=True, metavar="FILE", help="JSON lines: what was asked")
    compare.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder that the report goes to")
    compare.add_argument(
        "--grader",
        default=BUILT_IN,
        metavar="MODULE:FUNCTION",
        help=f"found as Python finds modules; default {BUILT_IN}",
    )
    compare.add_argument(
        "--manifest", type=Path, metavar="FILE", help="what was fixed and sent: its run section is held to"
    )
    compare.add_argument(
        "--baseline", type=Path, metavar="FILE", help="pins grader and eval set, as eval_baseline.json does"
    )
    rule = compare.add_argument_group("the rule, where no manifest fixes it")
    for name, meaning in (_RULES | _MARGINS).items():
        rule.add_argument(f"--{name.replace('_', '-')}", type=_value, metavar="VALUE", help=meaning)
    return parser


def _value(text: str) -> object:
    """Return a number where the text is one; what is allowed is the rules' business."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
