"""Laws of training, in the environment that has torch."""

import dataclasses
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from minicorpus.corpus import ADAPTER, BASE, documents
from minimodel.text.prompt import Prompter
from minimodel.training import architecture
from minimodel.training.batches import IGNORED, Batch, collate, order, sequence
from minimodel.training.fused import fuse_activations, fuse_adapters
from minimodel.training.loop import groups, learning_rate
from minimodel.training.objective import gradients, loss_of
from minimodel.training.recipe import Recipe, Run

# transformers deprecates a name that peft still reads; neither is ours to change
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
Fit = Callable[..., None]
Weights = Callable[[torch.nn.Module], dict[str, bytes]]
TINY = Run(seed=3, documents=96, batch=8, learning_rate=0.002, weight_decay=0.1)
# Above float32's rounding error of logits near 10, and below the smallest step of AdamW.
CLOSE = 1e-5


def _ids(prompter: Prompter) -> torch.Tensor:
    return torch.tensor([prompter.prompt_ids("Yesterday he goed to the park with my sister.")])


def test_an_untrained_adapter_changes_nothing(recipe: Recipe, prompter: Prompter) -> None:
    base = architecture.new_base(recipe, prompter.end_id).eval()
    before = base(input_ids=_ids(prompter)).logits.detach().clone()

    adapted = architecture.new_adapter(recipe, base).eval()

    assert torch.equal(adapted(input_ids=_ids(prompter)).logits, before)


def test_only_the_adapter_gets_gradients_and_only_the_adapter_moves(
    recipe: Recipe, prompter: Prompter, fit: Fit, weights: Weights, tmp_path: Path
) -> None:
    adapted = architecture.new_adapter(recipe, architecture.new_base(recipe, prompter.end_id))
    before = weights(adapted)

    fit(adapted, tmp_path / "checkpoint")

    moved = {name for name, data in weights(adapted).items() if data != before[name]}
    asked = {name for name, p in adapted.named_parameters() if p.requires_grad}
    assert moved == asked
    assert all(".lora_A." in name or ".lora_B." in name for name in asked)
    assert all(p.grad is None for p in adapted.parameters() if not p.requires_grad)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_seed_and_threads_give_the_same_bytes(
    recipe: Recipe, prompter: Prompter, fit: Fit, weights: Weights, tmp_path: Path, threads: int
) -> None:
    models = [architecture.new_base(recipe, prompter.end_id) for _ in range(2)]

    for model in models:
        fit(model, tmp_path / "checkpoint", threads=threads)

    assert weights(models[0]) == weights(models[1])


def test_another_seed_gives_other_bytes(recipe: Recipe, prompter: Prompter, weights: Weights) -> None:
    other = dataclasses.replace(recipe, base=dataclasses.replace(recipe.base, seed=99))

    assert weights(architecture.new_base(recipe, prompter.end_id)) != weights(
        architecture.new_base(other, prompter.end_id)
    )


def test_the_fused_activation_equals_the_one_in_the_configuration(recipe: Recipe, prompter: Prompter) -> None:
    model = architecture.new_base(recipe, prompter.end_id).eval()
    before = model(input_ids=_ids(prompter)).logits.detach().clone()

    fuse_activations(model)

    assert torch.allclose(model(input_ids=_ids(prompter)).logits, before, atol=CLOSE)


def test_a_fused_adapter_has_the_same_output_and_gradients_as_an_unfused_one(
    recipe: Recipe, prompter: Prompter
) -> None:
    adapted = architecture.new_adapter(recipe, architecture.new_base(recipe, prompter.end_id))
    asked = [p for p in adapted.parameters() if p.requires_grad]
    with torch.no_grad():
        for p in asked:
            p.normal_(std=0.05)  # in an untrained adapter, lora_B is zero, so lora_A has no gradient
    ids = _ids(prompter)
    before = adapted(input_ids=ids, labels=ids)
    expected = torch.autograd.grad(before.loss, asked)

    fuse_adapters(adapted)

    after = adapted(input_ids=ids, labels=ids)
    assert torch.allclose(after.logits, before.logits, atol=CLOSE)
    for found, wanted in zip(torch.autograd.grad(after.loss, asked), expected, strict=True):
        assert torch.allclose(found, wanted, atol=CLOSE)


def test_the_loss_equals_the_models_own_with_padding_masked(recipe: Recipe, prompter: Prompter) -> None:
    model = architecture.new_base(recipe, prompter.end_id)
    rows = [sequence(prompter, d, answer_only=True) for d in documents(9, 12, ADAPTER)]
    batch = collate(rows, 256, random.Random(1))  # noqa: S311 - positions, not secrets
    sizes = torch.tensor([len(row.ids) for row in rows])
    mask = (torch.arange(batch.ids.shape[1]) < sizes[:, None]).long()

    own = model(input_ids=batch.ids, attention_mask=mask, position_ids=batch.positions, labels=batch.labels).loss

    assert torch.allclose(loss_of(model, batch), own, atol=CLOSE)


def test_splitting_a_batch_over_threads_keeps_loss_and_gradient(recipe: Recipe, prompter: Prompter) -> None:
    model = architecture.new_base(recipe, prompter.end_id)
    rows = [sequence(prompter, d, answer_only=True) for d in documents(9, 11, ADAPTER)]
    parameters = list(model.parameters())

    def shares(count: int) -> list[Batch]:
        # One longest row per share, so that no row can be shifted to a later position.
        return [
            collate(rows[i::count], max(len(r.ids) for r in rows[i::count]), random.Random(1))  # noqa: S311 - as above
            for i in range(count)
        ]

    with ThreadPoolExecutor(3) as pool:
        whole_loss, whole = gradients(model, shares(1), parameters, pool)
        shared_loss, shared = gradients(model, shares(3), parameters, pool)

    assert shared_loss == pytest.approx(whole_loss, abs=CLOSE)
    for found, wanted in zip(shared, whole, strict=True):
        assert torch.allclose(found, wanted, atol=CLOSE)


def test_the_second_matrix_of_an_adapter_learns_faster_and_no_bias_decays(recipe: Recipe, prompter: Prompter) -> None:
    adapted = architecture.new_adapter(recipe, architecture.new_base(recipe, prompter.end_id))
    base = dict(architecture.new_base(recipe, prompter.end_id).named_parameters())
    low = {n: p for n, p in adapted.named_parameters() if p.requires_grad}

    by_speed = {
        group["speed"]: len(group["params"])
        for group in groups(low, dataclasses.replace(TINY, weight_decay=0.0, speed_of_b=3.0))
    }

    assert by_speed == {1.0: len(low) / 2, 3.0: len(low) / 2}
    assert {(p.dim() > 1, group["weight_decay"]) for group in groups(base, TINY) for p in group["params"]} == {
        (True, TINY.weight_decay),
        (False, 0.0),
    }


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
