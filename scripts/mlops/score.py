"""Score registered or staged models on generated lists: what is known, what is held out, what is new.

Prints a table with Wilson intervals. The list "fresh" is for the end: who has read it has no fresh list.
"""

import argparse
import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scipy.stats import binomtest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from minicorpus import grid
from minicorpus.frames import frames
from minicorpus.mistakes import mistakes
from minicorpus.phrases import Side, Source
from minicorpus.sentences import Example, Surroundings, example
from minicorpus.split import is_held_out
from minimodel.engine import Engine
from minimodel.registry import Registry

ROOT: Final = Path(__file__).resolve().parents[2]
_AROUND: Final = Surroundings(lead=0.3, tail=0.3, adverb=0.0)


@dataclass(frozen=True)
class Stratum:
    """A list to score: which side its frames and words come from, and which combinations."""

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
    """One sentence and what a model made of it."""

    example: Example
    text: str
    applied: bool

    @property
    def correct(self) -> bool:
        """Whether the text is an accepted one."""
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
        frame = rng.choice([f for f in frames(tense, stratum.frames) if verb != "be" or f.takes_be])
        mistake = None if stratum.right else rng.choice(some)
        out.append(example(source, frame, verb, person, mistake, around=_AROUND))
    return out


def run(engine: Engine, examples: Sequence[Example]) -> list[Outcome]:
    """Let a model correct sentences."""
    made = engine.correct([e.sentence for e in examples])
    return [Outcome(e, c.text, c.edit_applied) for e, c in zip(examples, made, strict=True)]


def line(name: str, outcomes: Sequence[Outcome], good: Callable[[Outcome], bool]) -> str:
    """Return one row: hits, share, Wilson interval."""
    hits = sum(good(o) for o in outcomes)
    interval = binomtest(hits, len(outcomes)).proportion_ci(method="wilson")
    return f"{name:52} {hits:5}/{len(outcomes):<5} {hits / len(outcomes):.4f} [{interval.low:.4f}, {interval.high:.4f}]"


def phase_20() -> list[Example]:
    """Read the evaluation set."""
    rows = (json.loads(text) for text in (ROOT / "data/eval/phase-20.jsonl").read_text("utf-8").splitlines())
    names = ("verb", "tense", "person", "mistake", "frame")
    return [Example(r["sentence"], tuple(r["accepted"]), *(r[n] for n in names)) for r in rows]


def main() -> None:
    """Score one model."""
    parser = argparse.ArgumentParser(prog="score.py", description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--wrong", type=int, default=0, help="print so many failures of each list")
    arguments = parser.parse_args()
    engine = Engine.load(arguments.models, Registry.read(arguments.models).resolve(arguments.model), threads=2)
    lists = {s.name: draw(s, arguments.count, arguments.seed) for s in (FRESH if arguments.fresh else STRATA)}
    lists["phase-20, all"] = phase_20()
    for name, examples in lists.items():
        outcomes = run(engine, examples)
        print(line(name, outcomes, lambda o: o.correct))
        if (failed := sum(not o.applied for o in outcomes)) > 0:
            print(f"  edits that do not apply: {failed / len(outcomes):.4f}")
        for bad in [o for o in outcomes if not o.correct][: arguments.wrong]:
            print(f"    {bad.example.sentence}\n      -> {bad.text}  [{bad.example.mistake}]")


if __name__ == "__main__":
    main()
