"""Scores the production model on the whole eval set and writes eval_baseline.json.

Grades are comparable only under one grader, so the file names it, with the eval set and the model.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from minieval.files import md5_of, write_atomically
from minieval.grading.baseline import EvalBaseline, baseline_json, make_baseline
from minieval.grading.grammar import grade
from minieval.grading.identity import REPOSITORY, grader_sha
from minieval.grading.items import parse_items
from minimodel.bundles.registry import Registry
from minimodel.errors import ModelError
from minimodel.inference.engine import Engine


def score(models: Path, eval_set: bytes) -> EvalBaseline:
    """Return the baseline of the registry's production model; raises ModelError or ItemError."""
    items = parse_items(eval_set.decode())
    sha = Registry.read(models).production
    engine = Engine.load(models, sha)
    try:
        answers = engine.correct([item.sentence for item in items])
    finally:
        engine.close()
    graded = [(item, grade(item, answer.text).correct) for item, answer in zip(items, answers, strict=True)]
    return make_baseline(graded, model_sha=sha, grader_sha=grader_sha(), eval_set_md5=md5_of(eval_set))


def main(argv: Sequence[str] | None = None) -> int:
    """Score and write; returns 0, or 1 with a sentence on stderr."""
    parser = argparse.ArgumentParser(prog="baseline.py", description=__doc__)
    parser.add_argument("--models", type=Path, default=REPOSITORY / "models")
    parser.add_argument("--eval-set", type=Path, default=REPOSITORY / "data" / "eval" / "phase-20.jsonl")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "eval_baseline.json")
    options = parser.parse_args(argv)
    try:
        baseline = score(options.models, options.eval_set.read_bytes())
        write_atomically(options.out, baseline_json(baseline))
    except (ModelError, ValueError, OSError) as error:
        print(f"baseline.py: {error}", file=sys.stderr)
        return 1
    print(f"{baseline.overall.correct} of {baseline.overall.n} right; wrote {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
