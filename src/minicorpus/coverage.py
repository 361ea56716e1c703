"""Coverage of a corpus: how often each cell of the grid occurs, with and without a mistake."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from minicorpus import grid
from minicorpus.corpus import Document


@dataclass(frozen=True)
class Coverage:
    """Counts of documents per kind, and per cell of the right and wrong ones.

    A cell is (verb, tense, person).
    """

    kinds: Mapping[str, int]
    right: Mapping[tuple[str, str, str], int]
    wrong: Mapping[tuple[str, str, str], int]
    mistakes: Mapping[str, int]

    def as_json(self) -> dict[str, object]:
        """Return the counts for corpus.json: for each verb and tense, "right/wrong" by person."""
        cells = {
            f"{verb} {tense}": [
                f"{self.right.get((verb, tense, p), 0)}/{self.wrong.get((verb, tense, p), 0)}" for p in grid.PERSONS
            ]
            for verb in grid.VERBS
            for tense in grid.TENSES
        }
        return {"kinds": dict(self.kinds), "mistakes": dict(self.mistakes), "cells right/wrong by person": cells}


def coverage(made: Iterable[Document]) -> Coverage:
    """Count the documents of a corpus."""
    kinds: Counter[str] = Counter()
    right: Counter[tuple[str, str, str]] = Counter()
    wrong: Counter[tuple[str, str, str]] = Counter()
    kinds_of_mistake: Counter[str] = Counter()
    for document in made:
        kinds[document.kind] += 1
        shown = document.example
        # Drills copy words and show no cell.
        if shown is None:
            continue
        cell = (shown.verb, shown.tense, shown.person)
        if shown.mistake is None:
            right[cell] += 1
        else:
            wrong[cell] += 1
            kinds_of_mistake[shown.mistake] += 1
    return Coverage(kinds, right, wrong, kinds_of_mistake)
