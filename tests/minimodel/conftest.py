"""A tiny bundle of each kind with random weights, in its own models folder."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from minimodel.inference.weights import expected_shapes
from minimodel.training.tokenizing import train_tokenizer

CONFIG = {
    "model_type": "gpt2", "activation_function": "gelu_new", "n_embd": 8, "n_head": 2, "n_layer": 1,
    "n_positions": 64, "vocab_size": 270,
}  # fmt: skip
ADAPTER = {
    "peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["c_fc"], "fan_in_fan_out": True, "bias": "none",
}  # fmt: skip


def write_base(folder: Path, seed: int = 1) -> Path:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    tensors = {n: rng.normal(0, 0.2, shape).astype(np.float32) for n, shape in expected_shapes(CONFIG).items()}
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    tokenizer = train_tokenizer(iter(["he goes home", "she went home"] * 20), CONFIG["vocab_size"])  # type: ignore[arg-type]
    (folder / "tokenizer.json").write_text(tokenizer.to_str())
    (folder / "train_manifest.json").write_text(json.dumps({"parent": None, "corpus_sha256": "c" * 64}))
    (folder / "README.md").write_text("# Tiny\n")
    return folder


def write_adapter(folder: Path, parent: str, base: Path) -> Path:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(2)
    module = "base_model.model.transformer.h.0.mlp.c_fc"
    tensors = {
        f"{module}.lora_A.weight": rng.normal(size=(2, 8)).astype(np.float32),
        f"{module}.lora_B.weight": rng.normal(size=(32, 2)).astype(np.float32),
    }
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps(ADAPTER))
    (folder / "tokenizer.json").write_bytes((base / "tokenizer.json").read_bytes())
    (folder / "train_manifest.json").write_text(json.dumps({"parent": parent, "corpus_sha256": "c" * 64}))
    return folder


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_base(tmp_path / "tiny")


@pytest.fixture
def tiny_adapter(tmp_path: Path, tiny: Path) -> Callable[[str], Path]:
    return lambda parent: write_adapter(tmp_path / "tiny-adapter", parent, tiny)
