"""Training batches: documents as padded token arrays, in an order determined by a seed."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import torch

from minicorpus.corpus import Document
from minimodel.text.edits import edits_between
from minimodel.text.prompt import Prompter

# The label that torch's cross-entropy ignores by default.
IGNORED: Final = -100
# In batches. Documents are sorted by length within a pool, which keeps padding low and the order nearly random.
_POOL: Final = 50
# Share of documents that start at a random later position; without it the last positions would never be trained.
_SHIFTED: Final = 0.25


@dataclass(frozen=True)
class Sequence:
    """A document's token ids; tokens before `learn_from` do not count towards the loss."""

    ids: tuple[int, ...]
    learn_from: int


@dataclass(frozen=True)
class Batch:
    """One batch or a share of it: int64 arrays of shape (documents, longest), padded on the right.

    Labels are the ids themselves, or IGNORED; `loss_of` shifts them.
    """

    ids: torch.Tensor
    labels: torch.Tensor
    positions: torch.Tensor


def answer(document: Document) -> str:
    """Return the answer that the model should learn for a document with a target."""
    target = document.target or ""
    return target if document.kind == "drill" else edits_between(document.text, target)


def sequence(prompter: Prompter, document: Document, *, answer_only: bool) -> Sequence:
    """Encode a document: plain text between two end tokens, anything else as prompt and answer."""
    if document.target is None:
        return Sequence((prompter.end_id, *prompter.sentence_ids(document.text), prompter.end_id), 0)
    prompt = prompter.prompt_ids(document.text)
    tail = [*prompter.sentence_ids(answer(document)), prompter.end_id]
    return Sequence((*prompt, *tail), len(prompt) if answer_only else 0)


def order(sequences: list[Sequence], size: int, seed: int) -> list[list[Sequence]]:
    """Group sequences of similar length into batches and shuffle the batches."""
    batches: list[list[Sequence]] = []
    for start in range(0, len(sequences), size * _POOL):
        pool = sorted(sequences[start : start + size * _POOL], key=lambda s: len(s.ids))
        batches += [pool[i : i + size] for i in range(0, len(pool), size)]
    random.Random(seed).shuffle(batches)  # noqa: S311 - an order, not a secret
    return batches


def collate(sequences: Iterable[Sequence], positions: int, rng: random.Random) -> Batch:
    """Pad sequences to one length. A quarter of them start at a random position, so that all positions get trained."""
    rows = list(sequences)
    longest = max(len(row.ids) for row in rows)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    labels = torch.full((len(rows), longest), IGNORED, dtype=torch.long)
    # (documents, 1): broadcast over the row when added to 0, 1, 2, ...
    starts = torch.zeros((len(rows), 1), dtype=torch.long)
    for i, row in enumerate(rows):
        size = len(row.ids)
        ids[i, :size] = torch.tensor(row.ids)
        labels[i, row.learn_from : size] = torch.tensor(row.ids[row.learn_from :])
        if rng.random() < _SHIFTED:
            starts[i, 0] = rng.randrange(positions - longest + 1)
    return Batch(ids, labels, starts + torch.arange(longest))
