"""Training from the command line: `python -m minimodel.train [base|adapter|all]`, into the staging folder.

A is a plain language model trained from scratch; B is a LoRA adapter on the frozen A. What is registered
stays untouched.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import peft
import torch
import transformers
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from tokenizers import Tokenizer

from minicorpus.corpus import ADAPTER, BASE, Document, Mix, digest, documents, text_seed
from minimodel.batches import sequence
from minimodel.bundle import TOKENIZER, read_folder
from minimodel.loop import train
from minimodel.prompt import Prompter
from minimodel.recipe import PARAMETERS, Recipe, Run, read_recipe
from minimodel.staging import finish_bundle, render_json, revision
from minimodel.tokenizing import train_tokenizer

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


def fuse_activations(model: torch.nn.Module) -> None:
    """Replace the model library's tanh GELU, six operations in Python, by the same function in one."""
    for module in model.modules():
        if hasattr(module, "act"):
            module.act = torch.nn.GELU(approximate="tanh")


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


def _text(recipe: Recipe, run: Run, mix: Mix, name: str) -> list[Document]:
    return list(documents(text_seed(recipe.corpus_seed, name), run.documents, mix))


def _fit(model: torch.nn.Module, made: list[Document], run: Run, prompter: Prompter, *, name: str, out: Path) -> float:
    """Train with a progress bar and return the final loss."""
    fuse_activations(model)
    rows = [sequence(prompter, document, answer_only=name == "adapter") for document in made]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TimeRemainingColumn(), TextColumn("loss {task.fields[loss]:.4f}"))  # fmt: skip
    with Progress(*columns, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(f"training {name}", total=run.steps, loss=float("nan"))

        def report(step: int, loss: float) -> None:
            bar.update(task, completed=step, loss=loss)
            if not sys.stderr.isatty() and step % 100 == 0:
                bar.console.print(f"{name}: step {step} of {run.steps}, loss {loss:.4f}")

        checkpoint = out / f"{name}.checkpoint.safetensors"
        return train(model, rows, run, positions=POSITIONS, checkpoint=checkpoint, progress=report).loss


def train_base(recipe: Recipe, out: Path) -> None:
    """Train tokenizer and base model into `out/base`."""
    started = revision()
    made = _text(recipe, recipe.base, BASE, "base")
    tokenizer = train_tokenizer((d.text for d in made[: recipe.tokenizer_documents]), recipe.vocabulary)
    prompter = Prompter(tokenizer)
    model = new_base(recipe, prompter.end_id)
    loss = _fit(model, made, recipe.base, prompter, name="base", out=out)
    folder = out / "base"
    model.save_pretrained(folder)
    manifest = {"parent": None, "corpus_sha256": digest(made), "seed": recipe.base.seed, "final_loss": loss,
                "threads": recipe.threads, **started}  # fmt: skip
    finish_bundle(folder, tokenizer.to_str(), manifest, _CARD.format(title="Base model"))


def train_adapter(recipe: Recipe, out: Path) -> None:
    """Train the adapter on the base model in `out/base` into `out/adapter`."""
    started = revision()
    parent = read_folder(out / "base")
    text = (out / "base" / TOKENIZER).read_text(encoding="utf-8")
    prompter = Prompter(Tokenizer.from_str(text))
    made = _text(recipe, recipe.adapter, ADAPTER, "adapter")
    model = new_adapter(recipe, transformers.GPT2LMHeadModel.from_pretrained(out / "base"))
    loss = _fit(model, made, recipe.adapter, prompter, name="adapter", out=out)
    folder = out / "adapter"
    model.peft_config["default"].base_model_name_or_path = f"models/{parent.sha}"
    model.save_pretrained(str(folder))
    manifest = {"parent": parent.sha, "corpus_sha256": digest(made), "seed": recipe.adapter.seed,
                "final_loss": loss, "threads": recipe.threads, **started}  # fmt: skip
    finish_bundle(folder, text, manifest, _CARD.format(title="Adapter"))


def receipt(folder: Path) -> str:
    """Return what a staged bundle is, for those who do not keep its weights."""
    bundle = read_folder(folder)
    named = {"sha": bundle.sha, "kind": bundle.kind, "parent": bundle.parent, "corpus_sha256": bundle.corpus}
    return render_json({**named, "final_loss": round(float(bundle.manifest["final_loss"]), 4)})


def main() -> None:
    """Train what the argument names."""
    parser = argparse.ArgumentParser(prog="python -m minimodel.train", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("base", "adapter", "all"), default="all")
    parser.add_argument("--out", type=Path, default=STAGING)
    parser.add_argument("--params", type=Path, default=Path(PARAMETERS))
    parser.add_argument("--receipt", type=Path, help="write what base or adapter came to, as JSON")
    arguments = parser.parse_args()
    if arguments.receipt is not None and arguments.what == "all":
        parser.error("--receipt is of one run: expected base or adapter")
    recipe = read_recipe(arguments.params)
    torch.set_num_threads(recipe.threads)
    torch.use_deterministic_algorithms(mode=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    stages = {"base": train_base, "adapter": train_adapter}
    for what in stages if arguments.what == "all" else (arguments.what,):
        stages[what](recipe, arguments.out)
    if arguments.receipt is not None:
        arguments.receipt.write_text(receipt(arguments.out / arguments.what), encoding="utf-8")


if __name__ == "__main__":
    main()
