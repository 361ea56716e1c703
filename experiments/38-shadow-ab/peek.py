"""Reads a shadow that is still running: what its pairs show so far, without a verdict.

The p-value is always valid: however often you look, its type I error holds. Exits 0; 3 if the log's shadow records come
from several configurations or cannot be graded; 2 on wrong usage.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from compare import HERE

from minieval.errors import EvalError
from minieval.files import decode
from minieval.grading.graded_pairs import grade_pairs
from minieval.grading.grader import Grader, GrammarGrader
from minieval.grading.identity import REPOSITORY
from minieval.grading.items import ItemError
from minieval.grading.lookup import match_items
from minieval.interrupts import run_stoppable
from minieval.measures.observed.tallies import first_pairs
from minieval.measures.running import Running, read_running
from minieval.record.log.facts import Context, facts_of
from minieval.record.log.reader import open_log
from minieval.report.untrusted import visible
from minieval.verdict.gates import points, pvalue
from minieval.verdict.verdict import EXIT_CODES, USAGE_EXIT_CODE, Verdict


class MixedEpochs(EvalError):
    """The log's shadow records come from several configurations or salts, which must not be pooled."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the reading; returns the exit code."""
    options = _options(argv)
    return run_stoppable("peek.py", lambda: _read(options))


def _read(options: argparse.Namespace) -> int:
    try:
        running, ungradable = peek(options.log, options.eval_set, options.alpha, GrammarGrader())
    except OSError as error:
        print(f"peek.py: {error.filename}: {error.strerror}", file=sys.stderr)
        return USAGE_EXIT_CODE
    except (EvalError, ItemError) as error:
        print(f"peek.py: invalid: {visible(str(error))}", file=sys.stderr)
        return EXIT_CODES[Verdict.INVALID]
    print("\n".join(_lines(running, ungradable)))
    return 0


def peek(log: Path, eval_set: Path, alpha: float, grader: Grader) -> tuple[Running, int]:
    """Return the reading of a log's shadow records, and how many of them have no item in the eval set."""
    items = grader.items(decode("eval set", eval_set.read_bytes()))
    with open_log([log]) as table:
        _require_one_epoch(facts_of(table).contexts)
        graded = grade_pairs(match_items(table, items), grader)
        return read_running(first_pairs(graded), alpha), graded.ungradable


def _require_one_epoch(contexts: Sequence[Context]) -> None:
    epochs = sorted({(c.config_sha, c.salt) for c in contexts if c.shadow_arm is not None})
    if len(epochs) > 1:
        named = ", ".join(f"{config[:12]} with salt {salt}" for config, salt in epochs)
        raise MixedEpochs(f"the log has shadow records of {named}: expected one configuration and one salt")


def _lines(running: Running, ungradable: int) -> list[str]:
    seen = f"{running.n} pairs, {running.n_improved} improved, {running.n_regressed} regressed"
    difference = "" if running.estimate is None else f"; B minus A {points(running.estimate)} points"
    lines = [f"Shadow so far: {seen}{difference}"]
    if ungradable:
        lines.append(f"  left out     {ungradable} records without an item in the eval set")
    lines.append(f"  always valid E = {running.statistic:.4g}, p {pvalue(running.pvalue)}")
    if running.decided_after is None:
        lines.append(f"  reading      p has not fallen below {running.alpha:g}: no conclusion yet")
    else:
        after = f"since pair {running.decided_after}, however often you look"
        lines.append(f"  reading      the arms differ in accuracy: p below {running.alpha:g} {after}")
    lines.append("  verdict      none: compare.py gives one, over the number of pairs that was planned")
    return lines


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path, nargs="?", default=HERE / "traffic.log")
    parser.add_argument("--eval-set", type=Path, default=REPOSITORY / "data" / "eval" / "phase-20.jsonl")
    parser.add_argument("--alpha", type=_alpha, default=0.05)
    return parser.parse_args(argv)


def _alpha(text: str) -> float:
    try:
        alpha = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number between 0 and 1") from error
    if not 0 < alpha < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a number between 0 and 1")
    return alpha


if __name__ == "__main__":
    sys.exit(main())
