"""Scores registered models on generated lists: known, held-out and fresh words, frames and combinations.

Prints a table with Wilson intervals. Use the list "fresh" only once, at the very end: after that it is no longer fresh.
"""

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scipy.stats import binomtest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from minicorpus import grid
from minicorpus.mistakes import mistakes
from minicorpus.sentences.example import Example, Surroundings, example, fitting
from minicorpus.split import is_held_out
from minicorpus.vocabulary.phrases import Side, Source
from minimodel.bundles.registry import Registry
from minimodel.inference.engine import Engine

ROOT: Final = Path(__file__).resolve().parents[2]
_AROUND: Final = Surroundings(lead=0.3, tail=0.3, adverb=0.0)


@dataclass(frozen=True)
class Stratum:
    """A list to score: the sides of its frames and words, and which combinations it has (None for all)."""

    name: str
    frames: Side
    words: Side
    held: bool | None
    right: bool = False


STRATA: Final = (
    Stratum("known words and frames, trained combinations", "train", "train", held=False),
    Stratum("known words and frames, held-out combinations", "train", "train", held=True),
    Stratum("held-out words, known frames", "train", "held", held=None),
    Stratum("held-out words and frames", "held", "held", held=None),
    Stratum("right sentences, held-out words and frames", "held", "held", held=None, right=True),
    Stratum("right sentences, known words and frames", "train", "train", held=None, right=True),
)
FRESH: Final = (
    Stratum("fresh words, known frames", "train", "fresh", held=None),
    Stratum("fresh words and frames", "fresh", "fresh", held=None),
    Stratum("right sentences, fresh words and frames", "fresh", "fresh", held=None, right=True),
)


@dataclass(frozen=True)
class Outcome:
    """One sentence and a model's answer."""

    example: Example
    text: str
    applied: bool

    @property
    def correct(self) -> bool:
        """Whether the answer is accepted."""
        return self.text in self.example.accepted


def draw(stratum: Stratum, count: int, seed: int) -> list[Example]:
    """Draw the sentences of a stratum."""
    rng = random.Random(seed)  # noqa: S311 - sentences, not secrets
    source = Source(rng, stratum.frames, 0.0, words=stratum.words)
    out: list[Example] = []
    while len(out) < count:
        verb, tense, person = rng.choice(grid.VERBS), rng.choice(grid.TENSES), rng.choice(grid.PERSONS)
        some = [
            m
            for m in mistakes(verb, tense, person)
            if stratum.held is None or is_held_out(verb, tense, person, m.kind) == stratum.held
        ]
        if not some:
            continue
        mistake = None if stratum.right else rng.choice(some)
        frame = rng.choice(fitting(stratum.frames, verb, tense, mistake))
        out.append(example(source, frame, verb, person, mistake, around=_AROUND))
    return out


def run(engine: Engine, examples: Sequence[Example]) -> list[Outcome]:
    """Correct the sentences with a model."""
    made = engine.correct([e.sentence for e in examples])
    return [Outcome(e, c.text, c.edit_applied) for e, c in zip(examples, made, strict=True)]


def phase_20() -> list[Example]:
    """Read the eval set."""
    rows = (json.loads(text) for text in (ROOT / "data/eval/phase-20.jsonl").read_text("utf-8").splitlines())
    names = ("verb", "tense", "person", "mistake", "frame")
    return [Example(r["sentence"], tuple(r["accepted"]), *(r[n] for n in names)) for r in rows]


@dataclass(frozen=True)
class Share:
    """A share, with its 95 % Wilson interval."""

    hits: int
    n: int

    def as_json(self) -> dict[str, float]:
        """Return the figures, rounded so that diffs are readable."""
        interval = binomtest(self.hits, self.n).proportion_ci(method="wilson")
        shares = {"share": self.hits / self.n, "low": float(interval.low), "high": float(interval.high)}
        return {"correct": self.hits, "n": self.n, **{name: round(value, 4) for name, value in shares.items()}}


def share(outcomes: Sequence[Outcome]) -> Share:
    """Count the correct ones."""
    return Share(sum(o.correct for o in outcomes), len(outcomes))


def slices(outcomes: Sequence[Outcome]) -> dict[str, dict[str, dict[str, float]]]:
    """Return the figures per tense, person, verb and mistake."""
    out: dict[str, dict[str, dict[str, float]]] = {}
    for field in ("tense", "person", "verb", "mistake"):
        groups: dict[str, list[Outcome]] = {}
        for outcome in outcomes:
            groups.setdefault(str(getattr(outcome.example, field) or "none"), []).append(outcome)
        out[field] = {value: share(group).as_json() for value, group in sorted(groups.items())}
    return out


def metrics(models: Path, refs: Sequence[str]) -> dict[str, object]:
    """Return the figures that `dvc metrics show` prints: the eval set, per model."""
    registry, out = Registry.read(models), {}
    for ref in refs:
        outcomes = run(Engine.load(models, registry.resolve(ref), threads=2), phase_20())
        applied = sum(o.applied for o in outcomes) / len(outcomes)
        out[ref] = {"phase-20": {**share(outcomes).as_json(), "edits_that_apply": round(applied, 4)}}
    return dict(out)


def strata(models: Path, ref: str, count: int, seed: int) -> dict[str, object]:
    """Return the figures of every generated list, including the fresh ones, for a final model."""
    engine = Engine.load(models, Registry.read(models).resolve(ref), threads=2)
    lists: dict[str, dict[str, float]] = {}
    for stratum in (*STRATA, *FRESH):
        outcomes = run(engine, draw(stratum, count, seed))
        failed = sum(not o.applied for o in outcomes) / len(outcomes)
        lists[stratum.name] = {**share(outcomes).as_json(), "edits_that_do_not_apply": round(failed, 4)}
    return {"model_sha": engine.sha, "seed": seed, "lists": lists}


def report(engine: Engine, lists: dict[str, list[Example]], failures: int) -> None:
    """Print a row and some failures for each list."""
    for name, examples in lists.items():
        outcomes = run(engine, examples)
        row = share(outcomes).as_json()
        print(f"{name:48} {row['correct']:5}/{row['n']:<5} {row['share']:.4f} [{row['low']:.4f}, {row['high']:.4f}]")
        print(f"{'':10} edits that do not apply: {sum(not o.applied for o in outcomes) / len(outcomes):.4f}")
        for bad in [o for o in outcomes if not o.correct][:failures]:
            print(f"    {bad.example.sentence}\n      -> {bad.text}  [{bad.example.mistake}]")


def main() -> None:
    """Score models."""
    parser = argparse.ArgumentParser(prog="score.py", description=__doc__)
    parser.add_argument("model", nargs="+")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fresh", action="store_true", help="score the fresh lists, which should be used only once")
    parser.add_argument("--wrong", type=int, default=0, help="print this many failures per list")
    parser.add_argument("--strata", type=Path, help="write the figures of all lists of one model to this file instead")
    parser.add_argument("--json", type=Path, help="write the eval set's figures to this file instead")
    arguments = parser.parse_args()
    if arguments.json is not None:
        text = json.dumps(metrics(arguments.models, arguments.model), indent=2, sort_keys=True)
        arguments.json.write_text(text + "\n", encoding="utf-8")
        return
    if arguments.strata is not None:
        found = strata(arguments.models, arguments.model[0], arguments.count, arguments.seed)
        arguments.strata.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        return
    for ref in arguments.model:
        engine = Engine.load(arguments.models, Registry.read(arguments.models).resolve(ref), threads=2)
        lists = {s.name: draw(s, arguments.count, arguments.seed) for s in (FRESH if arguments.fresh else STRATA)}
        print(ref)
        report(engine, lists | {"phase-20, all": phase_20()}, arguments.wrong)


if __name__ == "__main__":
    main()
