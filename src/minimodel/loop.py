"""The training loop: AdamW under a warmed-up cosine, with checkpoints that are no pickles."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from minimodel.batches import Sequence, collate, order
from minimodel.recipe import Run

_WARM_UP: Final = 0.05
_CHECKPOINT_EVERY: Final = 250
_MOMENTS: Final = ("exp_avg", "exp_avg_sq")
Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class Trained:
    """What a run leaves: the mean loss of its last hundred steps."""

    loss: float


def learning_rate(step: int, run: Run) -> float:
    """Return the rate at a step: linear warm-up, then half a cosine to zero."""
    warm = max(1, round(run.steps * _WARM_UP))
    if step < warm:
        return run.learning_rate * (step + 1) / warm
    return run.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, run.steps - warm)))


def _save(
    path: Path, step: int, identity: str, named: dict[str, torch.nn.Parameter], optimiser: torch.optim.AdamW
) -> None:
    tensors = {f"weight|{name}": p.detach().contiguous() for name, p in named.items()}
    for name, p in named.items():
        tensors |= {f"{moment}|{name}": optimiser.state[p][moment] for moment in _MOMENTS}
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, metadata={"step": str(step), "identity": identity})
    partial.replace(path)


def _resume(path: Path, named: dict[str, torch.nn.Parameter], optimiser: torch.optim.AdamW, step: int) -> None:
    tensors = load_file(path)
    with torch.no_grad():
        for name, p in named.items():
            p.copy_(tensors[f"weight|{name}"])
            optimiser.state[p] = {moment: tensors[f"{moment}|{name}"] for moment in _MOMENTS}
            optimiser.state[p]["step"] = torch.tensor(float(step))


def _step_of(path: Path, identity: str, steps: int) -> int:
    """Return the step a checkpoint stands at; 0 where there is none, or none of this run."""
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="pt") as opened:
            metadata = opened.metadata() or {}
    except SafetensorError:
        return 0
    step = int(metadata.get("step", 0))
    return step if metadata.get("identity") == identity and step < steps else 0


def train(
    model: torch.nn.Module,
    sequences: list[Sequence],
    run: Run,
    *,
    positions: int,
    checkpoint: Path,
    identity: str,
    progress: Progress,
    checkpoint_every: int = _CHECKPOINT_EVERY,
) -> Trained:
    """Train the parameters that ask for gradients; a checkpoint of the same identity is taken up again.

    A checkpoint of another run, or one that cannot be read, is ignored and written over.
    """
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    decayed = [p for p in named.values() if p.dim() > 1]
    others = [p for p in named.values() if p.dim() <= 1]
    groups = [{"params": decayed, "weight_decay": run.weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=run.learning_rate, betas=(0.9, 0.98))
    batches = order(sequences, run.batch, run.seed)
    first = _step_of(checkpoint, identity, run.steps)
    if first:
        _resume(checkpoint, named, optimiser, first)
    losses: list[float] = []
    model.train()
    for step in range(first, run.steps):
        rng = random.Random(run.seed * 1_000_003 + step)  # noqa: S311 - positions, not secrets
        batch = collate(batches[step % len(batches)], positions, rng)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, run)
        loss = model(
            input_ids=batch.ids, attention_mask=batch.mask, position_ids=batch.positions, labels=batch.labels
        ).loss
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(named.values()), 1.0)
        optimiser.step()
        losses.append(float(loss.detach()))
        progress(step + 1, losses[-1])
        if (step + 1) % checkpoint_every == 0 and step + 1 < run.steps:
            _save(checkpoint, step + 1, identity, named, optimiser)
    checkpoint.unlink(missing_ok=True)
    last = losses[-100:]
    return Trained(sum(last) / len(last))
