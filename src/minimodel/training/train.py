"""Training runs: text to token ids, the loop, and the finished bundle.

A is a language model trained from scratch; B is a LoRA adapter on the frozen A.
"""

import shutil
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import torch
import transformers
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from tokenizers import Tokenizer

from minicorpus.corpus import ADAPTER, BASE, Document, Mix, digest, documents, text_seed
from minimodel.bundles.bundle import TOKENIZER, read_folder
from minimodel.text.prompt import Prompter
from minimodel.training.architecture import POSITIONS, new_adapter, new_base
from minimodel.training.batches import sequence
from minimodel.training.fused import fuse_activations, fuse_adapters
from minimodel.training.identity import adapter_identity, base_identity
from minimodel.training.loop import train
from minimodel.training.recipe import Recipe, Run
from minimodel.training.staging import finish_bundle, finished, render_json, revision
from minimodel.training.tokenizing import train_tokenizer

_CARD: Final = "# {title}\n\nNot registered yet: `scripts/mlops/registry.py register` writes the card.\n"


# A run needs the text twice, for its hash and for training, and generating it takes seconds. One entry: the adapter's
# text replaces the base's, which is no longer needed.
@lru_cache(maxsize=1)
def _text(recipe: Recipe, run: Run, mix: Mix, name: str) -> tuple[Document, ...]:
    return tuple(documents(text_seed(recipe.corpus_seed, name), run.documents, mix))


def _fit(
    model: torch.nn.Module,
    made: Sequence[Document],
    run: Run,
    prompter: Prompter,
    *,
    name: str,
    identity: str,
    out: Path,
    threads: int,
) -> float:
    """Train with a progress bar and return the final loss."""
    fuse_activations(model)
    fuse_adapters(model)
    rows = [sequence(prompter, document, answer_only=name == "adapter") for document in made]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TimeRemainingColumn(), TextColumn("loss {task.fields[loss]:.4f}"))  # fmt: skip
    with Progress(*columns, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(f"training {name}", total=run.steps, loss=float("nan"))

        def report(step: int, loss: float) -> None:
            bar.update(task, completed=step, loss=loss)
            if not sys.stderr.isatty() and step % 200 == 0:
                bar.console.print(f"{name}: step {step} of {run.steps}, loss {loss:.4f}")

        checkpoint = out / f"{name}.checkpoint.safetensors"
        trained = train(
            model,
            rows,
            run,
            positions=POSITIONS,
            checkpoint=checkpoint,
            identity=identity,
            progress=report,
            threads=threads,
        )
        return trained.loss


def train_base(recipe: Recipe, out: Path) -> None:
    """Train tokenizer and base model into `out/base`."""
    started = revision()
    made = _text(recipe, recipe.base, BASE, "base")
    identity = base_identity(recipe, digest(made))
    tokenizer = train_tokenizer((d.text for d in made[: recipe.tokenizer_documents]), recipe.vocabulary)
    prompter = Prompter(tokenizer)
    model = new_base(recipe, prompter.end_id)
    loss = _fit(model, made, recipe.base, prompter, name="base", identity=identity, out=out, threads=recipe.threads)
    folder = out / "base"
    model.save_pretrained(folder)
    manifest = {"parent": None, "corpus_sha256": digest(made), "seed": recipe.base.seed, "final_loss": loss,
                "threads": recipe.threads, "run_sha256": identity, **started}  # fmt: skip
    finish_bundle(folder, tokenizer.to_str(), manifest, _CARD.format(title="Base model"))


def train_adapter(recipe: Recipe, out: Path, base: Path) -> None:
    """Train the adapter on the base model in the folder `base` into `out/adapter`."""
    started = revision()
    parent = read_folder(base)
    text = (base / TOKENIZER).read_text(encoding="utf-8")
    prompter = Prompter(Tokenizer.from_str(text))
    made = _text(recipe, recipe.adapter, ADAPTER, "adapter")
    identity = adapter_identity(recipe, digest(made), parent.sha)
    folder = out / "adapter"
    # Remove the bundle of an earlier run first: train_all takes an existing folder as proof that this run finished.
    shutil.rmtree(folder, ignore_errors=True)
    model = new_adapter(recipe, transformers.GPT2LMHeadModel.from_pretrained(base))
    loss = _fit(
        model, made, recipe.adapter, prompter, name="adapter", identity=identity, out=out, threads=recipe.threads
    )
    model.peft_config["default"].base_model_name_or_path = f"models/{parent.sha}"
    # By default PEFT asks the Hugging Face hub whether the vocabulary was resized; training must work offline.
    model.save_pretrained(str(folder), save_embedding_layers=False)
    manifest = {"parent": parent.sha, "corpus_sha256": digest(made), "seed": recipe.adapter.seed,
                "final_loss": loss, "threads": recipe.threads, "run_sha256": identity, **started}  # fmt: skip
    finish_bundle(folder, text, manifest, _CARD.format(title="Adapter"))


def train_all(recipe: Recipe, out: Path) -> None:
    """Train both models. Resumes after an interruption.

    A finished base of the same recipe and corpus is kept if the adapter is missing. If both are there, both are
    trained again.
    """
    base = finished(out / "base")
    identity = base_identity(recipe, digest(_text(recipe, recipe.base, BASE, "base")))
    if base is not None and base.manifest.get("run_sha256") == identity and finished(out / "adapter") is None:
        print(f"base: kept {base.sha}, a finished run of the same recipe and corpus")
    else:
        shutil.rmtree(out / "adapter", ignore_errors=True)
        train_base(recipe, out)
    train_adapter(recipe, out, out / "base")


def receipt(folder: Path) -> str:
    """Return a staged bundle's SHA, kind, parent, corpus hash and loss as JSON.

    dvc tracks this instead of the weights.
    """
    bundle = read_folder(folder)
    named = {"sha": bundle.sha, "kind": bundle.kind, "parent": bundle.parent, "corpus_sha256": bundle.corpus}
    return render_json({**named, "final_loss": round(float(bundle.manifest["final_loss"]), 4)})
