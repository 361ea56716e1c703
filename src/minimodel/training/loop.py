"""The training loop: AdamW, warmed up and then slowed down to nothing, with checkpoints that are no pickles."""

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

_WARM_UP: Final = 0.05
_CHECKPOINT_EVERY: Final = 500
_MOMENTS: Final = ("exp_avg", "exp_avg_sq")
Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class Trained:
    """What a run leaves: the mean loss of its last hundred steps."""

    loss: float


def learning_rate(step: int, run: Run) -> float:
    """Return the rate at a step: linear warm-up, then a straight line to zero."""
    warm = max(1, round(run.steps * _WARM_UP))
    if step < warm:
        return run.learning_rate * (step + 1) / warm
    return run.learning_rate * (run.steps - step) / max(1, run.steps - warm)


def groups(named: Mapping[str, torch.nn.Parameter], run: Run) -> list[dict[str, Any]]:
    """Group parameters by what they are trained with: weight decay for matrices, a faster rate for lora_B."""
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
    threads: int = 1,
    checkpoint_every: int = _CHECKPOINT_EVERY,
) -> Trained:
    """Train the parameters that ask for gradients; a checkpoint of the same identity is taken up again.

    A checkpoint of another run, or one that cannot be read, is ignored and written over. Each step's documents
    are shared out to so many threads; another number of them adds up in another order.
    """
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    parameters = list(named.values())
    optimiser = torch.optim.AdamW(groups(named, run), lr=run.learning_rate, betas=(0.9, 0.98), fused=True)
    batches = order(sequences, run.batch, run.seed)
    first = _step_of(checkpoint, identity, run.steps)
    if first:
        _resume(checkpoint, named, optimiser, first)
    losses: list[float] = []
    model.train()
    with ThreadPoolExecutor(threads, initializer=lambda: torch.set_num_threads(1)) as pool:
        for step in range(first, run.steps):
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
