"""The identity of a training run: a hash of everything that determines its bytes.

Checkpoints and staged bundles carry it, so that a run never resumes from another run's files.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping

from minimodel.training.recipe import Recipe


def _hash(parts: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def base_identity(recipe: Recipe, corpus: str) -> str:
    """Return the identity of a base run; `corpus` is the SHA-256 of its text."""
    # Threads count: floating-point sums depend on how a batch is split.
    tokenizer = {"vocabulary": recipe.vocabulary, "documents": recipe.tokenizer_documents}
    run = dataclasses.asdict(recipe.base)
    return _hash({"kind": "base", "run": run, "tokenizer": tokenizer, "threads": recipe.threads, "corpus": corpus})


def adapter_identity(recipe: Recipe, corpus: str, parent: str) -> str:
    """Return the identity of an adapter run; `corpus` is the SHA-256 of its text, `parent` the base model's SHA."""
    low_rank = {"r": recipe.adapter_r, "alpha": recipe.adapter_alpha}
    run = dataclasses.asdict(recipe.adapter)
    parts = {"kind": "adapter", "run": run, "low_rank": low_rank, "threads": recipe.threads}
    return _hash({**parts, "corpus": corpus, "parent": parent})
