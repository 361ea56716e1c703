"""The staging folder: writes finished bundles there and finds the base model of an adapter."""

import importlib.metadata
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from minimodel.bundles.bundle import CARD, MANIFEST, TOKENIZER, Bundle, bundle_path, load_bundle, read_folder
from minimodel.errors import BundleRefused, UnknownModel

BASE_RECEIPT: Final = Path("data/processed/base.json")
_PACKAGES: Final = ("torch", "transformers", "peft", "tokenizers", "safetensors", "numpy")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def versions() -> dict[str, str]:
    """Return the installed versions of the libraries that determine a run's bytes."""
    return {name: importlib.metadata.version(name) for name in _PACKAGES}


def revision() -> dict[str, object]:
    """Return the git revision and whether tracked files have changed since."""
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return {"git_revision": _git("rev-parse", "HEAD"), "git_dirty": bool(changes)}


def render_json(value: object) -> str:
    """Render JSON indented and sorted, for readers and for diffs."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def finish_bundle(folder: Path, tokenizer: str, manifest: Mapping[str, object], card: str) -> None:
    """Turn the files that the training libraries saved into a bundle.

    Adds tokenizer, manifest and model card, and removes files that a bundle must not have. `manifest` contains the
    revision as read at the start of the run, because the tree may have changed since.
    """
    for name in ("generation_config.json", CARD):
        (folder / name).unlink(missing_ok=True)
    settings = folder / "adapter_config.json"
    if settings.exists():
        # PEFT holds the modules in a set and writes them in an order that changes from run to run.
        found = json.loads(settings.read_text(encoding="utf-8"))
        found["target_modules"] = sorted(found["target_modules"])
        settings.write_text(render_json(found), encoding="utf-8")
    (folder / TOKENIZER).write_text(tokenizer, encoding="utf-8")
    full = {**manifest, "versions": versions()}
    (folder / MANIFEST).write_text(render_json(full), encoding="utf-8")
    (folder / CARD).write_text(card, encoding="utf-8")


def finished(folder: Path) -> Bundle | None:
    """Return the bundle in a folder, or None if the folder is missing or the bundle incomplete."""
    try:
        return read_folder(folder)
    except BundleRefused:
        return None


def base_folder(receipt: Path, staged: Path, models_dir: Path) -> Path:
    """Return the folder of the base model that a receipt names: staged or, failing that, registered.

    Raises UnknownModel if it is neither, and BundleRefused if the receipt names no SHA.
    """
    remedy = f"a base model made by `./just train base --receipt {receipt}`"
    try:
        sha = str(json.loads(receipt.read_text(encoding="utf-8"))["sha"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleRefused(f"base receipt {receipt}", str(error), remedy) from error
    bundle = finished(staged)
    if bundle is not None and bundle.sha == sha:
        return staged
    registered = bundle_path(models_dir, sha)
    if not registered.exists():
        raise UnknownModel(sha, f"{remedy}, in {staged} or registered in {models_dir}")
    load_bundle(models_dir, sha)  # refuses files that do not match the SHA
    return registered
