"""The training loop: AdamW with linear warm-up and decay.

Checkpoints are safetensors files. torch.save would write a pickle, and loading one can run code.
"""

import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from minimodel.training.batches import Sequence, collate, order
from minimodel.training.objective import gradients
from minimodel.training.recipe import Run

# Share of the steps during which the learning rate rises.
_WARM_UP: Final = 0.05
# In steps. A run has some 4,000, so an interruption costs at most an eighth of it.
_CHECKPOINT_EVERY: Final = 500
# AdamW's state per parameter, each of the parameter's shape; its third entry, `step`, is in the metadata.
_MOMENTS: Final = ("exp_avg", "exp_avg_sq")
Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class Trained:
    """The result of a run: the mean loss of its last hundred steps."""

    loss: float


def learning_rate(step: int, run: Run) -> float:
    """Return the learning rate at a step: linear warm-up, then linear decay to zero."""
    warm = max(1, round(run.steps * _WARM_UP))
    if step < warm:
        return run.learning_rate * (step + 1) / warm
    return run.learning_rate * (run.steps - step) / max(1, run.steps - warm)


def groups(named: Mapping[str, torch.nn.Parameter], run: Run) -> list[dict[str, Any]]:
    """Group parameters by optimiser settings: weight decay for matrices only, and a higher rate for lora_B.

    Biases and layer norms are vectors and are not decayed, as in GPT-2 and nanoGPT.
    """
    out: list[dict[str, Any]] = []
    for of_b in (False, True):
        for matrix in (False, True):
            chosen = [p for name, p in named.items() if (".lora_B." in name) is of_b and (p.dim() > 1) is matrix]
            decay, speed = run.weight_decay if matrix else 0.0, run.speed_of_b if of_b else 1.0
            out.append({"params": chosen, "weight_decay": decay, "speed": speed})
    return [group for group in out if group["params"]]


def _save(
    path: Path, step: int, identity: str, named: dict[str, torch.nn.Parameter], optimiser: torch.optim.AdamW
) -> None:
    tensors = {f"weight|{name}": p.detach().contiguous() for name, p in named.items()}
    for name, p in named.items():
        tensors |= {f"{moment}|{name}": optimiser.state[p][moment] for moment in _MOMENTS}
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, metadata={"step": str(step), "identity": identity})
    # Renaming is atomic: an interruption leaves the previous checkpoint, not half of the new one.
    partial.replace(path)


def _resume(path: Path, named: dict[str, torch.nn.Parameter], optimiser: torch.optim.AdamW, step: int) -> None:
    tensors = load_file(path)
    with torch.no_grad():
        for name, p in named.items():
            p.copy_(tensors[f"weight|{name}"])
            optimiser.state[p] = {moment: tensors[f"{moment}|{name}"] for moment in _MOMENTS}
            optimiser.state[p]["step"] = torch.tensor(float(step))


def _step_of(path: Path, identity: str, steps: int) -> int:
    """Return the step of a checkpoint, or 0 if it is missing, unreadable or from another run."""
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
    threads: int = 1,
    checkpoint_every: int = _CHECKPOINT_EVERY,
) -> Trained:
    """Train every parameter with `requires_grad`, resuming from a checkpoint of the same identity.

    A checkpoint that is unreadable or from another run is ignored and overwritten. `threads` is part of the result:
    each thread computes one share of a batch, and another number of shares sums gradients in another order.
    """
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    parameters = list(named.values())
    # beta2 is 0.98, not the default 0.999: a few thousand steps are too few for the longer average.
    optimiser = torch.optim.AdamW(groups(named, run), lr=run.learning_rate, betas=(0.9, 0.98), fused=True)
    batches = order(sequences, run.batch, run.seed)
    first = _step_of(checkpoint, identity, run.steps)
    if first:
        _resume(checkpoint, named, optimiser, first)
    losses: list[float] = []
    model.train()
    with ThreadPoolExecutor(threads, initializer=lambda: torch.set_num_threads(1)) as pool:
        for step in range(first, run.steps):
            # Seeded per step, so that a resumed run draws the same positions as an uninterrupted one.
            rng = random.Random(run.seed * 1_000_003 + step)  # noqa: S311 - positions, not secrets
            rows = batches[step % len(batches)]
            shares = [collate(rows[i::threads], positions, rng) for i in range(min(threads, len(rows)))]
            loss, found = gradients(model, shares, parameters, pool)
            for p, gradient in zip(parameters, found, strict=True):
                p.grad = gradient
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(step, run) * group["speed"]
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            losses.append(loss)
            progress(step + 1, loss)
            if (step + 1) % checkpoint_every == 0 and step + 1 < run.steps:
                _save(checkpoint, step + 1, identity, named, optimiser)
    checkpoint.unlink(missing_ok=True)
    last = losses[-100:]
    return Trained(sum(last) / len(last))
