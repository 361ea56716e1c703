"""Evaluation items: sentences in frames that training never saw, spread evenly over the grid."""

import json
import random
from collections.abc import Iterable
from typing import Final, NamedTuple

from minicorpus import grid
from minicorpus.frames import frames
from minicorpus.mistakes import Mistake, mistakes
from minicorpus.phrases import Side, Source
from minicorpus.sentences import Example, Surroundings, example
from minicorpus.split import is_held_out

_EVALUATION: Final = Surroundings(lead=0.3, tail=0.3, adverb=0.0)
_ATTEMPTS: Final = 50


class Item(NamedTuple):
    """One line of an evaluation file."""

    id: str
    sentence: str
    accepted: tuple[str, ...]
    verb: str
    tense: str
    person: str
    regularity: str
    mistake: str | None
    frame: str


def _pick(rng: random.Random, verb: str, tense: str, person: str, *, held: bool) -> Mistake:
    """Choose a mistake of the cell, from the held-out combinations if asked and if there are any."""
    every = mistakes(verb, tense, person)
    some = [m for m in every if is_held_out(verb, tense, person, m.kind) == held]
    return rng.choice(some or every)


def _once(made: Example, wrong: str) -> bool:
    """Whether the wrong form stands in the sentence exactly once."""
    return f" {made.sentence[:-1]} ".count(f" {wrong} ") == 1


def _item(source: Source, cell: tuple[str, str, str], mistake: Mistake | None, seen: set[str], side: Side) -> Example:
    verb, tense, person = cell
    choices = [f for f in frames(tense, side) if verb != "be" or f.takes_be]
    for _ in range(_ATTEMPTS):
        made = example(source, source.rng.choice(choices), verb, person, mistake, around=_EVALUATION)
        wrong = (mistake.auxiliary or mistake.surface) if mistake else None
        if made.sentence not in seen and (wrong is None or _once(made, wrong)):
            return made
    raise ValueError(f"no new sentence for {cell} after {_ATTEMPTS} attempts: expected more frames or words")


def items(seed: int) -> list[Item]:
    """Return two wrong items for each cell, and right ones for about three cells in five."""
    rng = random.Random(seed)  # noqa: S311 - sentences, not secrets
    cells = [(v, t, p) for v in grid.VERBS for t in grid.TENSES for p in grid.PERSONS]
    plans: list[tuple[tuple[str, str, str], Mistake | None]] = []
    for index, cell in enumerate(cells):
        first = _pick(rng, *cell, held=True)
        others = [m for m in mistakes(*cell) if m.kind != first.kind]
        seen_in_training = [m for m in others if not is_held_out(*cell, m.kind)]
        plans += [(cell, first), (cell, rng.choice(seen_in_training or others))]
        if index % 5 in {0, 2, 4}:
            plans.append((cell, None))
    seen: set[str] = set()
    out: list[Item] = []
    for number, (cell, mistake) in enumerate(plans):
        # Half of the items bring words that training never saw as well.
        source = Source(rng, "held", 0.0, words="held" if number % 2 else "train")
        made = _item(source, cell, mistake, seen, "held")
        seen.add(made.sentence)
        regularity = "regular" if grid.is_regular(made.verb) else "irregular"
        out.append(Item(f"p20-{number:04d}", made.sentence, made.accepted, *cell, regularity, made.mistake, made.frame))
    return out


def render(made: Iterable[Item]) -> str:
    """Return the items as JSON Lines."""
    return "".join(json.dumps(item._asdict(), ensure_ascii=False, sort_keys=True) + "\n" for item in made)
