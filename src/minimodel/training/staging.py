"""The staging folder: the bundles that training leaves there, and the base model that an adapter builds on."""

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
    """Return the versions of what decides a training run's bytes."""
    return {name: importlib.metadata.version(name) for name in _PACKAGES}


def revision() -> dict[str, object]:
    """Return the git revision and whether the tree differs from it."""
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return {"git_revision": _git("rev-parse", "HEAD"), "git_dirty": bool(changes)}


def render_json(value: object) -> str:
    """Render JSON for people and for diffs."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def finish_bundle(folder: Path, tokenizer: str, manifest: Mapping[str, object], card: str) -> None:
    """Add what the training libraries do not write, and remove what a bundle does not hold.

    `manifest` brings the revision, read when the run began: the tree may have moved on since.
    """
    for name in ("generation_config.json", CARD):
        (folder / name).unlink(missing_ok=True)
    settings = folder / "adapter_config.json"
    if settings.exists():
        # PEFT writes the set of modules in an order that changes from run to run.
        found = json.loads(settings.read_text(encoding="utf-8"))
        found["target_modules"] = sorted(found["target_modules"])
        settings.write_text(render_json(found), encoding="utf-8")
    (folder / TOKENIZER).write_text(tokenizer, encoding="utf-8")
    full = {**manifest, "versions": versions()}
    (folder / MANIFEST).write_text(render_json(full), encoding="utf-8")
    (folder / CARD).write_text(card, encoding="utf-8")


def finished(folder: Path) -> Bundle | None:
    """Return the bundle that a run finished in a folder, or None if there is none or half of one."""
    try:
        return read_folder(folder)
    except BundleRefused:
        return None


def base_folder(receipt: Path, staged: Path, models_dir: Path) -> Path:
    """Return where the base model of a receipt lies: staged, or else registered.

    Raises UnknownModel where it is neither, and BundleRefused for a receipt that names no SHA.
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
    load_bundle(models_dir, sha)
    return registered
