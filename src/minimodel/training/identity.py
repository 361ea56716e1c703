"""What a training run is, as one hash: a checkpoint or a staged bundle of another run is never taken for its own."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping

from minimodel.training.recipe import Recipe


def _hash(parts: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def base_identity(recipe: Recipe, corpus: str) -> str:
    """Return the identity of a base run on a corpus, given by its SHA-256."""
    tokenizer = {"vocabulary": recipe.vocabulary, "documents": recipe.tokenizer_documents}
    run = dataclasses.asdict(recipe.base)
    return _hash({"kind": "base", "run": run, "tokenizer": tokenizer, "threads": recipe.threads, "corpus": corpus})


def adapter_identity(recipe: Recipe, corpus: str, parent: str) -> str:
    """Return the identity of an adapter run on a corpus and on the base model of a SHA."""
    low_rank = {"r": recipe.adapter_r, "alpha": recipe.adapter_alpha}
    run = dataclasses.asdict(recipe.adapter)
    parts = {"kind": "adapter", "run": run, "low_rank": low_rank, "threads": recipe.threads}
    return _hash({**parts, "corpus": corpus, "parent": parent})
