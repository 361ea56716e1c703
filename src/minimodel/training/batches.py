"""Training batches: documents as padded token arrays, in an order fixed by a seed."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import torch

from minicorpus.corpus import Document
from minimodel.inference.edits import edits_between
from minimodel.inference.prompt import Prompter

IGNORED: Final = -100
# Documents of like length go together within a pool, so that little is padding.
_POOL: Final = 50
_SHIFTED: Final = 0.25


@dataclass(frozen=True)
class Sequence:
    """A document's ids, and from which of them on the loss counts."""

    ids: tuple[int, ...]
    learn_from: int


@dataclass(frozen=True)
class Batch:
    """Arrays of one step, each of shape (documents, longest)."""

    ids: torch.Tensor
    labels: torch.Tensor
    positions: torch.Tensor


def answer(document: Document) -> str:
    """Return what the model should answer to a document that has a target."""
    target = document.target or ""
    return target if document.kind == "drill" else edits_between(document.text, target)


def sequence(prompter: Prompter, document: Document, *, answer_only: bool) -> Sequence:
    """Encode a document; plain text is followed by the end, everything else by its answer."""
    if document.target is None:
        return Sequence((prompter.end_id, *prompter.sentence_ids(document.text), prompter.end_id), 0)
    prompt = prompter.prompt_ids(document.text)
    tail = [*prompter.sentence_ids(answer(document)), prompter.end_id]
    return Sequence((*prompt, *tail), len(prompt) if answer_only else 0)


def order(sequences: list[Sequence], size: int, seed: int) -> list[list[Sequence]]:
    """Group sequences into batches of like length and shuffle the batches."""
    batches: list[list[Sequence]] = []
    for start in range(0, len(sequences), size * _POOL):
        pool = sorted(sequences[start : start + size * _POOL], key=lambda s: len(s.ids))
        batches += [pool[i : i + size] for i in range(0, len(pool), size)]
    random.Random(seed).shuffle(batches)  # noqa: S311 - an order, not a secret
    return batches


def collate(sequences: Iterable[Sequence], positions: int, rng: random.Random) -> Batch:
    """Pad a batch; a quarter of the documents start at a later position, so that all positions are trained."""
    rows = list(sequences)
    longest = max(len(row.ids) for row in rows)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    labels = torch.full((len(rows), longest), IGNORED, dtype=torch.long)
    starts = torch.zeros((len(rows), 1), dtype=torch.long)
    for i, row in enumerate(rows):
        size = len(row.ids)
        ids[i, :size] = torch.tensor(row.ids)
        labels[i, row.learn_from : size] = torch.tensor(row.ids[row.learn_from :])
        if rng.random() < _SHIFTED:
            starts[i, 0] = rng.randrange(positions - longest + 1)
    return Batch(ids, labels, starts + torch.arange(longest))
