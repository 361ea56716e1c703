"""Laws of training, in the environment that has torch."""

import dataclasses
import importlib.util
import json
import random
import shutil
from pathlib import Path

import numpy as np
import peft
import pytest
import torch
import transformers
from tokenizers import Tokenizer

from minicorpus.corpus import ADAPTER, BASE, documents
from minimodel import train as training
from minimodel.batches import IGNORED, collate, order, sequence
from minimodel.bundle import load_bundle
from minimodel.loop import learning_rate, train
from minimodel.prompt import Prompter
from minimodel.recipe import Recipe, Run, read_recipe
from minimodel.tokenizing import train_tokenizer
from minimodel.weights import base_weights, merge

# transformers deprecates a name that peft still reads; neither is ours to change
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
ROOT = Path(__file__).resolve().parents[2]
TINY = Run(seed=3, documents=96, batch=8, learning_rate=0.002, weight_decay=0.1)
# Below AdamW's smallest step nothing moves; above float32's rounding of logits near 10 nothing differs.
CLOSE = 1e-5


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    return dataclasses.replace(read_recipe(ROOT / "params.yaml"), vocabulary=300)


@pytest.fixture(scope="module")
def prompter() -> Prompter:
    return Prompter(train_tokenizer((d.text for d in documents(1, 300, BASE)), 300))


def _ids(prompter: Prompter) -> torch.Tensor:
    return torch.tensor([prompter.prompt_ids("Yesterday he goed to the park with my sister.")])


def _fit(model: torch.nn.Module, prompter: Prompter, checkpoint: Path, **options: int) -> None:
    rows = [sequence(prompter, d, answer_only=False) for d in documents(5, TINY.documents, BASE)]
    training.fuse_activations(model)
    train(model, rows, TINY, positions=training.POSITIONS, checkpoint=checkpoint, progress=lambda *_: None, **options)


def _bytes(model: torch.nn.Module) -> dict[str, bytes]:
    return {name: tensor.numpy().tobytes() for name, tensor in model.state_dict().items()}


def test_an_untrained_adapter_changes_nothing(recipe: Recipe, prompter: Prompter) -> None:
    base = training.new_base(recipe, prompter.end_id).eval()
    before = base(input_ids=_ids(prompter)).logits.detach().clone()

    adapted = training.new_adapter(recipe, base).eval()

    assert torch.equal(adapted(input_ids=_ids(prompter)).logits, before)


def test_only_the_adapter_gets_gradients_and_only_the_adapter_moves(
    recipe: Recipe, prompter: Prompter, tmp_path: Path
) -> None:
    adapted = training.new_adapter(recipe, training.new_base(recipe, prompter.end_id))
    before = _bytes(adapted)

    _fit(adapted, prompter, tmp_path / "checkpoint")

    moved = {name for name, data in _bytes(adapted).items() if data != before[name]}
    asked = {name for name, p in adapted.named_parameters() if p.requires_grad}
    assert moved == asked
    assert all(".lora_A." in name or ".lora_B." in name for name in asked)
    assert all(p.grad is None for p in adapted.parameters() if not p.requires_grad)


def test_the_same_seed_gives_the_same_bytes(recipe: Recipe, prompter: Prompter, tmp_path: Path) -> None:
    models = [training.new_base(recipe, prompter.end_id) for _ in range(2)]

    for model in models:
        _fit(model, prompter, tmp_path / "checkpoint")

    assert _bytes(models[0]) == _bytes(models[1])


def test_another_seed_gives_other_bytes(recipe: Recipe, prompter: Prompter) -> None:
    other = dataclasses.replace(recipe, base=dataclasses.replace(recipe.base, seed=99))

    assert _bytes(training.new_base(recipe, prompter.end_id)) != _bytes(training.new_base(other, prompter.end_id))


def test_a_run_taken_up_from_a_checkpoint_ends_like_one_that_was_never_stopped(
    recipe: Recipe, prompter: Prompter, tmp_path: Path
) -> None:
    whole, stopped, resumed = (training.new_base(recipe, prompter.end_id) for _ in range(3))
    _fit(whole, prompter, tmp_path / "other")

    class Stop(Exception):
        """Ends a run in the middle."""

    rows = [sequence(prompter, d, answer_only=False) for d in documents(5, TINY.documents, BASE)]

    def stop(step: int, _: float) -> None:
        if step == 7:
            raise Stop

    training.fuse_activations(stopped)
    path = tmp_path / "checkpoint"
    with pytest.raises(Stop):
        train(stopped, rows, TINY, positions=256, checkpoint=path, progress=stop, checkpoint_every=5)
    assert path.exists()

    _fit(resumed, prompter, path)

    assert _bytes(resumed) == _bytes(whole)
    assert not path.exists()


def test_the_fused_activation_is_the_one_the_configuration_names(recipe: Recipe, prompter: Prompter) -> None:
    model = training.new_base(recipe, prompter.end_id).eval()
    before = model(input_ids=_ids(prompter)).logits.detach().clone()

    training.fuse_activations(model)

    assert torch.allclose(model(input_ids=_ids(prompter)).logits, before, atol=CLOSE)


def test_the_loss_of_the_adapter_counts_the_answer_only(prompter: Prompter) -> None:
    made = list(documents(9, 40, ADAPTER))
    rows = [sequence(prompter, d, answer_only=True) for d in made]

    batch = collate(rows, 256, random.Random(1))  # noqa: S311 - positions, not secrets

    for row, labels, document in zip(rows, batch.labels, made, strict=True):
        prompt = len(prompter.prompt_ids(document.text))
        assert row.learn_from == prompt
        assert (labels[:prompt] == IGNORED).all()
        assert labels[prompt : len(row.ids)].tolist() == list(row.ids[prompt:])


def test_every_document_is_in_exactly_one_batch_and_positions_stay_in_range(prompter: Prompter) -> None:
    rows = [sequence(prompter, d, answer_only=False) for d in documents(9, 200, BASE)]

    batches = order(rows, 16, 4)

    assert sorted(r.ids for b in batches for r in b) == sorted(r.ids for r in rows)
    for rows_of in batches:
        positions = collate(rows_of, 256, random.Random(2)).positions  # noqa: S311 - positions, not secrets
        assert 0 <= int(positions.min()) <= int(positions.max()) < 256


def test_the_learning_rate_warms_up_and_ends_near_zero() -> None:
    rates = [learning_rate(step, TINY) for step in range(TINY.steps)]

    assert max(rates) == pytest.approx(TINY.learning_rate)
    assert rates[-1] < 0.1 * TINY.learning_rate


def test_registered_bundles_load_in_transformers_and_peft_and_answer_as_committed() -> None:
    lines = (ROOT / "tests/golden/reference_answers.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    shas = {row["model"]: row["sha"] for row in rows if "model" in row}
    base = transformers.GPT2LMHeadModel.from_pretrained(ROOT / "models" / shas["A"]).eval()
    prompter = Prompter(Tokenizer.from_file(str(ROOT / "models" / shas["A"] / "tokenizer.json")))
    sentences = [row for row in rows if "sentence" in row][:40]

    assert [_greedy(base, prompter, row["sentence"]) for row in sentences] == [row["A"] for row in sentences]
    adapted = peft.PeftModel.from_pretrained(base, str(ROOT / "models" / shas["B"])).eval()
    assert [_greedy(adapted, prompter, row["sentence"]) for row in sentences] == [row["B"] for row in sentences]


def _greedy(model: torch.nn.Module, prompter: Prompter, sentence: str) -> str:
    ids = prompter.prompt_ids(sentence)
    made: list[int] = []
    with torch.no_grad():
        while len(made) < 32:
            token = int(model(input_ids=torch.tensor([ids + made])).logits[0, -1].argmax())
            if token == prompter.end_id:
                break
            made.append(token)
    return prompter.answer_text(made)


def test_the_merge_that_serves_equals_the_unmerged_adapter() -> None:
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


def test_the_corpus_of_the_registered_models_is_the_one_the_parameters_make() -> None:
    from minicorpus.corpus import digest, text_seed  # noqa: PLC0415 - used by this law only

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


def test_a_bundle_saved_by_peft_registers_and_is_the_registered_one(tmp_path: Path) -> None:
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
