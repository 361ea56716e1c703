"""Loads the registered models with the libraries that trained them."""

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import peft
import pytest
import torch
import transformers
from scripts.mlops.reference import greedy, spread
from tokenizers import Tokenizer

from minicorpus.corpus import ADAPTER, BASE, digest, documents, text_seed
from minimodel.bundles.bundle import load_bundle
from minimodel.inference.weights import base_weights, merge
from minimodel.text.prompt import Prompter
from minimodel.training.recipe import read_recipe

# transformers deprecates a name that peft still reads; neither is ours to change
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
ROOT = Path(__file__).resolve().parents[2]
# Float32's rounding of logits near 10.
CLOSE = 1e-5


def test_registered_bundles_load_in_transformers_and_peft_and_answer_as_committed() -> None:
    lines = (ROOT / "tests/golden/reference_answers.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    shas = {row["model"]: row["sha"] for row in rows if "model" in row}
    base = transformers.GPT2LMHeadModel.from_pretrained(ROOT / "models" / shas["A"]).eval()
    prompter = Prompter(Tokenizer.from_file(str(ROOT / "models" / shas["A"] / "tokenizer.json")))
    sentences = spread([row for row in rows if "sentence" in row], 40)

    assert [greedy(base, prompter, row["sentence"]) for row in sentences] == [row["A"] for row in sentences]
    adapted = peft.PeftModel.from_pretrained(base, str(ROOT / "models" / shas["B"])).eval()
    assert [greedy(adapted, prompter, row["sentence"]) for row in sentences] == [row["B"] for row in sentences]


def test_the_merged_weights_compute_the_same_as_the_unmerged_adapter() -> None:
    registry = json.loads((ROOT / "models/registry.json").read_text("utf-8"))
    a, b = (load_bundle(ROOT / "models", registry["versions"][v]) for v in ("0.1.0", "0.3.0"))
    base = transformers.GPT2LMHeadModel.from_pretrained(ROOT / "models" / a.sha).eval()
    merged = transformers.GPT2LMHeadModel.from_pretrained(ROOT / "models" / a.sha).eval()
    with torch.no_grad():
        for name, weights in merge(base_weights(a), b).items():
            merged.get_parameter(name).copy_(torch.from_numpy(np.ascontiguousarray(weights)))
    ids = torch.arange(2, 120).reshape(1, -1)

    adapted = peft.PeftModel.from_pretrained(base, str(ROOT / "models" / b.sha)).eval()

    with torch.no_grad():
        expected = adapted(input_ids=ids).logits
        found = merged(input_ids=ids).logits
    assert float((expected - found).abs().max() / expected.abs().max()) < CLOSE


def test_the_parameters_generate_the_corpus_of_the_registered_models() -> None:
    recipe = read_recipe(ROOT / "params.yaml")
    report = json.loads((ROOT / "data/processed/corpus.json").read_text("utf-8"))
    registry = json.loads((ROOT / "models/registry.json").read_text("utf-8"))
    for name, version, run, mix in (
        ("base", "0.1.0", recipe.base, BASE),
        ("adapter", "0.3.0", recipe.adapter, ADAPTER),
    ):
        manifest = ROOT / "models" / registry["versions"][version] / "train_manifest.json"
        made = digest(documents(text_seed(recipe.corpus_seed, name), run.documents, mix))

        assert json.loads(manifest.read_text("utf-8"))["corpus_sha256"] == made == report[name]["sha256"]


def test_a_bundle_saved_by_peft_registers_under_the_same_sha(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("mlops_registry", ROOT / "scripts/mlops/registry.py")
    assert spec is not None
    assert spec.loader is not None
    registry = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(registry)
    versions = json.loads((ROOT / "models/registry.json").read_text("utf-8"))["versions"]
    a, b = versions["0.1.0"], versions["0.3.0"]
    base = transformers.GPT2LMHeadModel.from_pretrained(ROOT / "models" / a)
    peft.PeftModel.from_pretrained(base, str(ROOT / "models" / b)).save_pretrained(str(tmp_path / "saved"))
    shutil.copytree(ROOT / "models" / a, tmp_path / "again")
    manifest = (ROOT / "models" / b / "train_manifest.json").read_bytes()
    (tmp_path / "saved" / "train_manifest.json").write_bytes(manifest)

    registry.register(tmp_path / "models", tmp_path / "again")

    assert registry.register(tmp_path / "models", tmp_path / "saved", parent=a) == b


def test_the_reference_is_a_spread_over_every_verb_and_tense() -> None:
    lines = (ROOT / "data/eval/phase-20.jsonl").read_text("utf-8").splitlines()
    items = [json.loads(line) for line in lines]

    chosen = spread(items, 520)

    assert len({item["id"] for item in chosen}) == 520
    for field in ("verb", "tense", "person"):
        assert {item[field] for item in chosen} == {item[field] for item in items}
    assert spread(items[:3], 520) == items[:3]
