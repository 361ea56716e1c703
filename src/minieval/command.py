"""`python -m minieval compare` and `lynx-ab judge`: judge any log that follows the published record schema."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypedDict

import msgspec

from minieval.conclude import conclude, refused, unreadable
from minieval.errors import InputRefused
from minieval.grading.grader import BUILT_IN, load_grader
from minieval.inputs import Inputs
from minieval.interrupts import run_stoppable
from minieval.rules import parse_rules

PROGRAM: Final = "python -m minieval compare"
JUDGE_PROGRAM: Final = "lynx-ab judge"
# The log that `lynx-ab serve` writes by default, and a report folder that no run of the lab uses.
DEFAULT_LOG: Final = Path("state/traffic.log")
DEFAULT_OUT: Final = Path("report")
EXIT_CODES: Final = """\
exit codes:
  0   promote    B may replace A
  10  hold       nothing settled: the report says what would settle it
  20  retrain    B is worse, or cannot become useful enough
  3   invalid    the evidence must not be judged: the report says why
  2              wrong usage, or a file that cannot be read; no report is written
  130, 143       stopped by Ctrl-C or SIGTERM
"""
_RULES: Final = {
    "policy": "better, or non_inferior; default better",
    "alpha": "accepted chance of a false promotion; default 0.05",
    "planned_n": "items to be paired, as fixed before the run; default every item of the eval set",
    "seed": "of the bootstrap; default 0",
    "warmup": "how many first requests of each arm to leave out of latency; default 0",
}
_MARGINS: Final = {
    "p50_ratio": "how much slower B may be at the median, B over A; default 1.2",
    "p95_ratio": "the same at the 95th percentile; default 1.5",
    "noninferiority": "how much less accurate B may be under non_inferior, as a share; default 0.03",
    "smallest_useful_gain": "a gain below this share is too small under better; default 0.02",
    "latency_slack_ms": "a shift below this many ms never fails; default 0",
    "failure_rate": "share of B's runs that may fail; default 0.02",
    "missing_rate": "share of the pairs that may be missing; default 0.02",
}
_HELP: Final = "grade a log, decide, write report.html, report.md, report.json and manifest.json"


class _Texts(TypedDict):
    """The text of `--help` around the options, for both names of the command."""

    description: str
    epilog: str
    formatter_class: type[argparse.HelpFormatter]


_TEXTS: Final[_Texts] = {
    "description": "Grades a traffic log offline, decides, and writes report.html, report.md with its figures, "
    "report.json and manifest.json. docs/judge.md says what a log and an eval set look like.",
    "epilog": EXIT_CODES,
    "formatter_class": argparse.RawDescriptionHelpFormatter,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run `python -m minieval`; returns the verdict's exit code, or 2 with a sentence on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m minieval",
        description="May model B replace model A? Judges the traffic that both answered.",
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_options(commands.add_parser("compare", help=_HELP, **_TEXTS), log=None, out=None)
    return _run(PROGRAM, parser.parse_args(argv))


def judge_main(argv: Sequence[str] | None = None) -> int:
    """Run `lynx-ab judge`, which also has defaults for --log and --out; returns the exit code."""
    parser = argparse.ArgumentParser(prog=JUDGE_PROGRAM, **_TEXTS)
    _add_options(parser, log=DEFAULT_LOG, out=DEFAULT_OUT)
    return _run(JUDGE_PROGRAM, parser.parse_args(argv))


def _run(program: str, options: argparse.Namespace) -> int:
    return run_stoppable(program, lambda: _judge(program, options))


def _judge(program: str, options: argparse.Namespace) -> int:
    try:
        return conclude(program, _inputs(options), options.out)
    except InputRefused as error:
        return refused(program, error)
    except OSError as error:
        return unreadable(program, error)


def _inputs(options: argparse.Namespace) -> Inputs:
    """Read the inputs that the options name; raises InputRefused or OSError."""
    rules = _rules(options)
    if options.manifest is not None and rules:
        first = next(iter(rules))
        raise InputRefused(f"--{first.replace('_', '-')}", rules[first], "nothing, as --manifest fixes the policy")
    return Inputs(
        logs=tuple(options.log),
        eval_set=options.eval_set.read_bytes(),
        grader=load_grader(options.grader),
        manifest=None if options.manifest is None else options.manifest.read_bytes(),
        baseline=None if options.baseline is None else options.baseline.read_bytes(),
        rules=parse_rules(rules),
    )


def _rules(options: argparse.Namespace) -> dict[str, object]:
    """Return the policy options that were given, with margins grouped as in the manifest."""
    said = {name: value for name in _RULES if (value := getattr(options, name)) is not None}
    margins = {name: value for name in _MARGINS if (value := getattr(options, name)) is not None}
    return said | ({"margins": margins} if margins else {})


def _add_options(parser: argparse.ArgumentParser, *, log: Path | None, out: Path | None) -> None:
    """Add the options of a judgement; --log and --out are required if they have no default."""
    parser.add_argument(
        "--log",
        type=Path,
        nargs="+",
        required=log is None,
        default=None if log is None else [log],
        metavar="FILE",
        help="plain or gzipped, in order" + ("" if log is None else f"; default {log}"),
    )
    parser.add_argument(
        "--eval-set", "--items", type=Path, required=True, metavar="FILE", help="JSON lines: what was asked"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=out is None,
        default=out,
        metavar="DIR",
        help="the folder that the report goes to" + ("" if out is None else f"; default {out}"),
    )
    parser.add_argument(
        "--grader",
        default=BUILT_IN,
        metavar="MODULE:FUNCTION",
        help=f"must be importable; default {BUILT_IN}",
    )
    parser.add_argument(
        "--manifest", type=Path, metavar="FILE", help="what was fixed and sent; the log must match its run section"
    )
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", help="pins grader and eval set, as eval_baseline.json does"
    )
    rule = parser.add_argument_group("policy options, if there is no manifest")
    for name, meaning in (_RULES | _MARGINS).items():
        rule.add_argument(f"--{name.replace('_', '-')}", type=_value, metavar="VALUE", help=meaning)


def _value(text: str) -> object:
    """Return a number if the text is one, else the text; rules.py checks the value."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
