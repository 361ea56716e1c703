"""A recipe and a tokenizer small enough for tests, and a function that trains with them."""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from minicorpus.corpus import BASE, documents
from minimodel.text.prompt import Prompter
from minimodel.training import architecture
from minimodel.training.batches import sequence
from minimodel.training.fused import fuse_activations, fuse_adapters
from minimodel.training.loop import train
from minimodel.training.recipe import Recipe, Run, read_recipe
from minimodel.training.tokenizing import train_tokenizer

ROOT = Path(__file__).resolve().parents[2]
# The scripts are not part of the library; tests import them from the root.
sys.path.insert(0, str(ROOT))
TINY = Run(seed=3, documents=96, batch=8, learning_rate=0.002, weight_decay=0.1)


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    read = read_recipe(ROOT / "params.yaml")
    return dataclasses.replace(read, vocabulary=300, tokenizer_documents=48, base=TINY, adapter=TINY)


@pytest.fixture(scope="session")
def prompter() -> Prompter:
    return Prompter(train_tokenizer((d.text for d in documents(1, 300, BASE)), 300))


@pytest.fixture(scope="session")
def fit(prompter: Prompter) -> Callable[..., None]:
    """Train a model with the tiny recipe. Options are those of the loop."""
    rows = [sequence(prompter, d, answer_only=False) for d in documents(5, TINY.documents, BASE)]

    def run(model: torch.nn.Module, checkpoint: Path, **options: object) -> None:
        fuse_activations(model)
        fuse_adapters(model)
        known = {"identity": "tiny", "progress": lambda *_: None, **options}
        train(model, rows, TINY, positions=architecture.POSITIONS, checkpoint=checkpoint, **known)  # type: ignore[arg-type]

    return run


@pytest.fixture(scope="session")
def weights() -> Callable[[torch.nn.Module], dict[str, bytes]]:
    """Return a model's tensors as bytes, by name."""
    return lambda model: {name: tensor.numpy().tobytes() for name, tensor in model.state_dict().items()}
