"""Registers bundles. Only bundles that a server can load and run are accepted.

Every change is written to a temporary file or folder and renamed, so that readers never see a partial one.
"""

import datetime as dt
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from minieval.files import write_atomically
from minimodel.bundles.bundle import MANIFEST, SHA_PATTERN, TOKENIZER, Bundle, bundle_path, load_bundle, read_folder
from minimodel.bundles.registry import FILE, SCHEMA, Registry, parse, read_content
from minimodel.errors import RegistryRefused
from minimodel.inference.engine import check_servable


def write(models_dir: Path, content: dict[str, Any]) -> None:
    """Check the content and replace the registry file atomically."""
    parse(content)
    write_atomically(models_dir / FILE, (json.dumps(content, indent=2, sort_keys=True) + "\n").encode(), durable=True)


def content_of(models_dir: Path) -> dict[str, Any]:
    """Return the checked content of the registry file, or an empty registry if there is no file."""
    if not (models_dir / FILE).exists():
        return {"schema": SCHEMA, "models": {}, "versions": {}, "production": None}
    found: dict[str, Any] = read_content(models_dir)
    parse(found)
    return found


def _complete(folder: Path, source: Path, models_dir: Path, parent: str | None) -> None:
    """Copy a bundle into a folder, and add tokenizer and manifest from the parent if the library did not save them."""
    for path in sorted(source.iterdir()):
        if path.is_symlink() or not path.is_file():
            raise RegistryRefused("bundle entry", path.name, "a regular file")
        shutil.copyfile(path, folder / path.name)
    if parent is not None:
        above = bundle_path(models_dir, parent)
        if not (folder / TOKENIZER).exists():
            shutil.copyfile(above / TOKENIZER, folder / TOKENIZER)
        if not (folder / MANIFEST).exists():
            corpus = load_bundle(models_dir, parent).corpus
            text = json.dumps({"parent": parent, "corpus_sha256": corpus}, indent=2, sort_keys=True)
            (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def _accept(folder: Path, models_dir: Path, registered: dict[str, Any], parent: str | None) -> Bundle:
    """Check a complete bundle and move it to the folder named by its SHA."""
    bundle = read_folder(folder)
    if parent is not None and bundle.parent != parent:
        raise RegistryRefused("parent", bundle.parent, parent)
    if bundle.parent is not None and bundle.parent not in registered:
        raise RegistryRefused("parent", bundle.parent, "a registered model")
    check_servable(models_dir, bundle)
    target = bundle_path(models_dir, bundle.sha)
    if target.exists():
        load_bundle(models_dir, bundle.sha)
    else:
        folder.chmod(0o755)
        folder.rename(target)
    return bundle


def register(models_dir: Path, source: Path, *, parent: str | None = None) -> str:
    """Register a bundle and return its canonical SHA. Registering it again changes nothing.

    Raises RegistryRefused or BundleRefused, and leaves nothing behind, if a server could not run the bundle.
    """
    if not source.is_dir():
        raise RegistryRefused("bundle folder", str(source), "an existing folder")
    models_dir.mkdir(parents=True, exist_ok=True)
    content = content_of(models_dir)
    if parent is not None and parent not in content["models"]:
        full = SHA_PATTERN.fullmatch(parent) is not None
        parent = parent if full else Registry.read(models_dir, unpromoted=True).resolve(parent)
    folder = Path(tempfile.mkdtemp(dir=models_dir, prefix=".incoming-"))
    try:
        _complete(folder, source, models_dir, parent)
        bundle = _accept(folder, models_dir, content["models"], parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if bundle.sha not in content["models"]:
        created = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        content["models"][bundle.sha] = {"kind": bundle.kind, "parent": bundle.parent, "created": created}
        write(models_dir, content)
    return bundle.sha
