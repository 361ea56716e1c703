"""Training from the command line: `python -m minimodel.training.train [base|adapter|all]`, into the staging folder.

A is a plain language model trained from scratch; B is a LoRA adapter on the frozen A. What is registered
stays untouched.
"""

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import peft
import torch
import transformers
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from tokenizers import Tokenizer

from minicorpus.corpus import ADAPTER, BASE, Document, Mix, digest, documents, text_seed
from minimodel.bundles.bundle import TOKENIZER, read_folder
from minimodel.errors import ModelError
from minimodel.inference.prompt import Prompter
from minimodel.training.batches import sequence
from minimodel.training.fused import fuse_activations, fuse_adapters
from minimodel.training.identity import adapter_identity, base_identity
from minimodel.training.loop import train
from minimodel.training.recipe import PARAMETERS, Recipe, Run, read_recipe
from minimodel.training.staging import BASE_RECEIPT, base_folder, finish_bundle, finished, render_json, revision
from minimodel.training.tokenizing import train_tokenizer

POSITIONS: Final = 256
STAGING: Final = Path("models/staging")
_TARGETS: Final = ["c_attn", "c_proj", "c_fc"]
_CARD: Final = "# {title}\n\nNot registered yet: `scripts/mlops/registry.py register` writes the card.\n"
Report = Callable[[int, float], None]


def new_base(recipe: Recipe, end_id: int) -> transformers.GPT2LMHeadModel:
    """Return the untrained base model; the seed decides its weights."""
    torch.manual_seed(recipe.base.seed)
    config = transformers.GPT2Config(
        vocab_size=recipe.vocabulary,
        n_positions=POSITIONS,
        n_embd=128,
        n_layer=4,
        n_head=4,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=end_id,
        eos_token_id=end_id,
    )
    return transformers.GPT2LMHeadModel(config)


def new_adapter(recipe: Recipe, base: transformers.GPT2LMHeadModel) -> peft.PeftModel:
    """Wrap a frozen base model in an untrained adapter, which changes nothing yet."""
    torch.manual_seed(recipe.adapter.seed)
    config = peft.LoraConfig(
        r=recipe.adapter_r,
        lora_alpha=recipe.adapter_alpha,
        target_modules=_TARGETS,
        lora_dropout=0.0,
        bias="none",
        fan_in_fan_out=True,
        task_type=peft.TaskType.CAUSAL_LM,
    )
    return peft.get_peft_model(base, config)


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
    # What a finished run left makes way, so that a folder that is there says that its run was not interrupted.
    shutil.rmtree(folder, ignore_errors=True)
    model = new_adapter(recipe, transformers.GPT2LMHeadModel.from_pretrained(base))
    loss = _fit(
        model, made, recipe.adapter, prompter, name="adapter", identity=identity, out=out, threads=recipe.threads
    )
    model.peft_config["default"].base_model_name_or_path = f"models/{parent.sha}"
    # Left to itself, PEFT asks the network whether the vocabulary has grown.
    model.save_pretrained(str(folder), save_embedding_layers=False)
    manifest = {"parent": parent.sha, "corpus_sha256": digest(made), "seed": recipe.adapter.seed,
                "final_loss": loss, "threads": recipe.threads, "run_sha256": identity, **started}  # fmt: skip
    finish_bundle(folder, text, manifest, _CARD.format(title="Adapter"))


def train_all(recipe: Recipe, out: Path) -> None:
    """Train both; the base model is kept if it is of this recipe and only the adapter's run was interrupted."""
    base = finished(out / "base")
    identity = base_identity(recipe, digest(_text(recipe, recipe.base, BASE, "base")))
    if base is not None and base.manifest.get("run_sha256") == identity and finished(out / "adapter") is None:
        print(f"base: kept {base.sha}, a finished run of the same recipe and corpus")
    else:
        shutil.rmtree(out / "adapter", ignore_errors=True)
        train_base(recipe, out)
    train_adapter(recipe, out, out / "base")


def receipt(folder: Path) -> str:
    """Return what a staged bundle is, for those who do not keep its weights."""
    bundle = read_folder(folder)
    named = {"sha": bundle.sha, "kind": bundle.kind, "parent": bundle.parent, "corpus_sha256": bundle.corpus}
    return render_json({**named, "final_loss": round(float(bundle.manifest["final_loss"]), 4)})


def main() -> None:
    """Train what the argument names."""
    parser = argparse.ArgumentParser(prog="python -m minimodel.training.train", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("base", "adapter", "all"), default="all")
    parser.add_argument("--out", type=Path, default=STAGING)
    parser.add_argument("--params", type=Path, default=Path(PARAMETERS))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--base-receipt", type=Path, default=BASE_RECEIPT, help="which base the adapter builds on")
    parser.add_argument("--receipt", type=Path, help="write what base or adapter came to, as JSON")
    arguments = parser.parse_args()
    if arguments.receipt is not None and arguments.what == "all":
        parser.error("--receipt is of one run: expected base or adapter")
    recipe = read_recipe(arguments.params)
    # The cores are taken by threads that share out each step's documents, not by single operations.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    # Only a guard against reads of memory that nobody wrote; it costs a fill for every tensor.
    torch.utils.deterministic.fill_uninitialized_memory = False
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.what == "all":
        train_all(recipe, arguments.out)
    elif arguments.what == "base":
        train_base(recipe, arguments.out)
    else:
        try:
            base = base_folder(arguments.base_receipt, arguments.out / "base", arguments.models)
        except ModelError as error:
            parser.error(str(error))
        train_adapter(recipe, arguments.out, base)
    if arguments.receipt is not None:
        arguments.receipt.write_text(receipt(arguments.out / arguments.what), encoding="utf-8")


if __name__ == "__main__":
    main()
