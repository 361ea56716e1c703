"""Interrupted runs: what resumes, and what starts again."""

import dataclasses
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from minimodel.bundles.bundle import read_folder
from minimodel.errors import BundleRefused, UnknownModel
from minimodel.text.prompt import Prompter
from minimodel.training import architecture
from minimodel.training import train as training
from minimodel.training.__main__ import main
from minimodel.training.identity import adapter_identity, base_identity
from minimodel.training.recipe import Recipe
from minimodel.training.staging import base_folder

# transformers deprecates a name that peft still reads; neither is ours to change
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
Fit = Callable[..., None]
Weights = Callable[[torch.nn.Module], dict[str, bytes]]


class Stop(Exception):
    """Interrupts a run."""


def _stop_at_seven(step: int, _: float) -> None:
    if step == 7:
        raise Stop


@pytest.fixture
def checkpoint(recipe: Recipe, prompter: Prompter, fit: Fit, tmp_path: Path) -> Path:
    """A checkpoint after step 5 of 12 of the run "tiny"."""
    path = tmp_path / "checkpoint"
    with pytest.raises(Stop):
        fit(architecture.new_base(recipe, prompter.end_id), path, progress=_stop_at_seven, checkpoint_every=5)
    return path


def _steps_taken(fit: Fit, model: torch.nn.Module, path: Path, **options: object) -> list[int]:
    taken: list[int] = []
    fit(model, path, progress=lambda step, _: taken.append(step), **options)
    return taken


def test_a_run_resumed_from_a_checkpoint_gives_the_same_bytes_as_an_uninterrupted_one(
    recipe: Recipe, prompter: Prompter, fit: Fit, weights: Weights, checkpoint: Path, tmp_path: Path
) -> None:
    whole, resumed = (architecture.new_base(recipe, prompter.end_id) for _ in range(2))
    fit(whole, tmp_path / "other")

    assert _steps_taken(fit, resumed, checkpoint) == list(range(6, 13))
    assert weights(resumed) == weights(whole)
    assert not checkpoint.exists()


def test_a_checkpoint_of_another_run_is_ignored(recipe: Recipe, prompter: Prompter, fit: Fit, checkpoint: Path) -> None:
    model = architecture.new_base(recipe, prompter.end_id)

    assert _steps_taken(fit, model, checkpoint, identity="another") == list(range(1, 13))


@pytest.mark.parametrize("metadata", [None, {"step": "5"}, {"step": "12", "identity": "tiny"}])
def test_a_checkpoint_without_identity_or_past_the_end_is_ignored(
    recipe: Recipe, prompter: Prompter, fit: Fit, tmp_path: Path, metadata: dict[str, str] | None
) -> None:
    from safetensors.torch import save_file  # noqa: PLC0415 - used by this law only

    save_file({"any": torch.zeros(1)}, tmp_path / "checkpoint", metadata=metadata)
    model = architecture.new_base(recipe, prompter.end_id)

    assert _steps_taken(fit, model, tmp_path / "checkpoint") == list(range(1, 13))


def test_a_truncated_checkpoint_is_ignored(recipe: Recipe, prompter: Prompter, fit: Fit, checkpoint: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    model = architecture.new_base(recipe, prompter.end_id)

    assert _steps_taken(fit, model, checkpoint) == list(range(1, 13))


def test_a_run_s_identity_covers_every_parameter_the_corpus_and_the_parent(recipe: Recipe) -> None:
    run = dataclasses.replace(recipe.base, seed=99)
    rate = dataclasses.replace(recipe.base, learning_rate=0.5)

    bases = [base_identity(recipe, "c"), base_identity(recipe, "d")]
    bases += [base_identity(dataclasses.replace(recipe, base=other), "c") for other in (run, rate)]
    adapters = [adapter_identity(recipe, "c", "p"), adapter_identity(recipe, "d", "p"),
                adapter_identity(recipe, "c", "q")]  # fmt: skip
    changed = (dataclasses.replace(recipe, adapter_r=5), dataclasses.replace(recipe, adapter_alpha=5),
               dataclasses.replace(recipe, threads=5))  # fmt: skip
    adapters += [adapter_identity(other, "c", "p") for other in changed]

    assert len({*bases, *adapters}) == len(bases) + len(adapters)
    assert base_identity(dataclasses.replace(recipe, adapter_r=5), "c") == bases[0]


def test_an_interrupted_adapter_run_keeps_the_base_unless_the_recipe_changed(
    recipe: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training.train_all(recipe, tmp_path)
    base, adapter = (read_folder(tmp_path / name).sha for name in ("base", "adapter"))
    shutil.rmtree(tmp_path / "adapter")

    training.train_all(recipe, tmp_path)

    assert f"base: kept {base}" in capsys.readouterr().out
    assert read_folder(tmp_path / "adapter").sha == adapter
    shutil.rmtree(tmp_path / "adapter")
    training.train_all(dataclasses.replace(recipe, base=dataclasses.replace(recipe.base, seed=4)), tmp_path)
    assert "kept" not in capsys.readouterr().out
    assert read_folder(tmp_path / "base").sha != base


@pytest.fixture
def staged(recipe: Recipe, tmp_path: Path) -> tuple[Path, Path, str]:
    """A staged base model, a receipt that names it, and its SHA."""
    training.train_base(recipe, tmp_path / "staging")
    receipt = tmp_path / "base.json"
    receipt.write_text(training.receipt(tmp_path / "staging" / "base"))
    return tmp_path / "staging" / "base", receipt, str(json.loads(receipt.read_text())["sha"])


def test_the_adapter_builds_on_the_staged_base_or_failing_that_on_the_registered_one(
    staged: tuple[Path, Path, str], tmp_path: Path
) -> None:
    folder, receipt, sha = staged
    models = tmp_path / "models"

    assert base_folder(receipt, folder, models) == folder
    shutil.copytree(folder, models / sha)
    assert base_folder(receipt, tmp_path / "nothing", models) == models / sha


def test_if_the_receipt_s_base_is_missing_the_error_says_how_to_make_it(
    staged: tuple[Path, Path, str], tmp_path: Path
) -> None:
    _, receipt, sha = staged

    with pytest.raises(UnknownModel, match=rf"{sha}.*\./just train base"):
        base_folder(receipt, tmp_path / "nothing", tmp_path / "models")
    with pytest.raises(BundleRefused, match=r"\./just train base"):
        base_folder(tmp_path / "no.json", tmp_path / "nothing", tmp_path / "models")


def test_the_command_reports_a_missing_base_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["adapter", "--out", str(tmp_path), "--base-receipt", str(tmp_path / "no.json")]
    # This tests the command line, and argparse reads sys.argv.
    monkeypatch.setattr(sys, "argv", ["train", *arguments])

    with pytest.raises(SystemExit) as stopped:
        main()

    assert stopped.value.code == 2
    assert "./just train base" in capsys.readouterr().err
