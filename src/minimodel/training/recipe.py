"""The hyperparameters of a training run, read from params.yaml."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml  # type: ignore[import-untyped] # ships no types

PARAMETERS: Final = "params.yaml"


@dataclass(frozen=True)
class Run:
    """One training run: the seed for weights and order, the number of documents, and the optimiser's settings."""

    seed: int
    documents: int
    batch: int
    learning_rate: float
    weight_decay: float
    # Learning rate of lora_B as a multiple of lora_A's (LoRA+, Hayou et al. 2024, arXiv:2402.12354).
    speed_of_b: float = 1.0

    @property
    def steps(self) -> int:
        """Number of optimiser steps: full batches in one pass over the documents."""
        return self.documents // self.batch


@dataclass(frozen=True)
class Recipe:
    """Everything that determines the bytes of A and B."""

    corpus_seed: int
    vocabulary: int
    tokenizer_documents: int
    base: Run
    adapter: Run
    adapter_r: int
    adapter_alpha: int
    threads: int


def _run(section: dict[str, float], documents: int) -> Run:
    return Run(
        seed=int(section["seed"]),
        documents=documents,
        batch=int(section["batch"]),
        learning_rate=float(section["learning_rate"]),
        weight_decay=float(section["weight_decay"]),
        speed_of_b=float(section.get("speed_of_b", 1.0)),
    )


def read_recipe(path: Path) -> Recipe:
    """Read a parameter file; a missing key is a KeyError that names it."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Recipe(
        corpus_seed=int(found["corpus"]["seed"]),
        vocabulary=int(found["tokenizer"]["vocabulary"]),
        tokenizer_documents=int(found["tokenizer"]["documents"]),
        base=_run(found["base"], int(found["corpus"]["base_documents"])),
        adapter=_run(found["adapter"], int(found["corpus"]["adapter_documents"])),
        adapter_r=int(found["adapter"]["r"]),
        adapter_alpha=int(found["adapter"]["alpha"]),
        threads=int(found["threads"]),
    )
