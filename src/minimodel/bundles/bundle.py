"""A bundle: the files of one model, read once and identified by a hash of what they compute.

Everything later uses the bytes that were hashed here. Files are never read twice and links are never followed, so
nobody can swap a file between the check and its use.
"""

import json
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors

from minimodel.bundles import canonical
from minimodel.bundles.canonical import Json, Tensors, canonical_sha
from minimodel.errors import BundleMismatch, BundleRefused

__all__ = ["Bundle", "bundle_path", "canonical_sha", "load_bundle", "read_folder"]

SHA_PATTERN: Final = re.compile(r"[0-9a-f]{64}")
TOKENIZER: Final = "tokenizer.json"
MANIFEST: Final = "train_manifest.json"
CARD: Final = "README.md"
# Settings and tensor file of each kind. A quantized bundle has no tensors: it is computed from its parent's.
_OWN: Final = {
    "base": ("config.json", "model.safetensors"),
    "adapter": ("adapter_config.json", "adapter_model.safetensors"),
    "quantized": ("quantization.json", None),
}
QUANTIZATIONS: Final = ("int8",)
# Per file; the largest registered file has 3.5 MB.
_MAX_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True)
class Bundle:
    """One model as read from disk: identity, settings, tensors and tokenizer (as canonical JSON)."""

    sha: str
    kind: str
    parent: str | None
    corpus: str
    quantization: str | None
    settings: Json
    tensors: Tensors
    tokenizer: str
    manifest: Json


def bundle_path(models_dir: Path, sha: str) -> Path:
    """Return the folder of a bundle. Refuses anything but a full SHA, so no path can escape the models folder."""
    if SHA_PATTERN.fullmatch(sha) is None:
        raise BundleRefused("SHA", sha, "64 lower-case hexadecimal digits")
    return models_dir / sha


def _read_files(folder: Path) -> dict[str, bytes]:
    """Read every file of a folder once. Refuses unknown names, links, devices and oversized files."""
    known = {TOKENIZER, MANIFEST, CARD, *(name for pair in _OWN.values() for name in pair if name)}
    if not folder.is_dir() or folder.is_symlink():
        raise BundleRefused("folder", folder.name, "an existing folder, not a link")
    out: dict[str, bytes] = {}
    for path in sorted(folder.iterdir()):
        if path.name not in known:
            raise BundleRefused("file", path.name, f"one of {', '.join(sorted(known))}")
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise BundleRefused("file type", path.name, "a regular file")
        if status.st_size > _MAX_BYTES:
            raise BundleRefused(f"size of {path.name}", status.st_size, f"at most {_MAX_BYTES} bytes")
        out[path.name] = path.read_bytes()
    return out


def _json(files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    if name not in files:
        raise BundleRefused("file", None, name)
    try:
        found = json.loads(files[name])
    except (ValueError, RecursionError) as error:
        raise BundleRefused(name, str(error), "valid JSON") from error
    if not isinstance(found, dict):
        raise BundleRefused(name, type(found).__name__, "a JSON object")
    return found


def _tensors(files: Mapping[str, bytes], name: str) -> Tensors:
    if name not in files:
        raise BundleRefused("file", None, name)
    try:
        return dict(load_safetensors(files[name]))
    except KeyError as error:
        # safetensors has dtypes that numpy lacks (bfloat16, float8); its numpy side raises KeyError for them.
        raise BundleRefused(f"dtype in {name}", error.args[0], "a dtype that numpy supports") from error
    except (SafetensorError, ValueError, TypeError) as error:
        raise BundleRefused(name, str(error), "valid safetensors") from error


def _kind(files: Mapping[str, bytes]) -> str:
    kinds = [kind for kind, (settings, _) in _OWN.items() if settings in files]
    if len(kinds) != 1:
        raise BundleRefused("settings files", kinds, "exactly one of config, adapter_config, quantization")
    kind = kinds[0]
    foreign: set[str] = {
        n for other, pair in _OWN.items() if other != kind for n in pair if n is not None and n in files
    }
    if foreign:
        raise BundleRefused("files", sorted(foreign), f"files of a bundle of kind {kind}")
    return kind


def _parent(manifest: Json, kind: str) -> str | None:
    parent = manifest.get("parent")
    if kind == "base":
        if parent is not None:
            raise BundleRefused("parent", parent, "no parent, because a base model has none")
        return None
    if not isinstance(parent, str) or SHA_PATTERN.fullmatch(parent) is None:
        raise BundleRefused("parent", parent, "the SHA of the parent model: 64 lower-case hexadecimal digits")
    return parent


def _settings(files: Mapping[str, bytes], kind: str) -> dict[str, object]:
    raw = _json(files, _OWN[kind][0])
    if kind == "base":
        return canonical.architecture(raw)
    if kind == "adapter":
        return canonical.adapter_settings(raw)
    if set(raw) != {"quantization"} or raw["quantization"] not in QUANTIZATIONS:
        raise BundleRefused("quantization.json", raw, f"quantization as one of {', '.join(QUANTIZATIONS)}")
    return {}


def read_folder(folder: Path) -> Bundle:
    """Read a bundle from any folder and compute its SHA."""
    files = _read_files(folder)
    kind = _kind(files)
    manifest = _json(files, MANIFEST)
    corpus = manifest.get("corpus_sha256", "")
    if not isinstance(corpus, str):
        raise BundleRefused("corpus_sha256", corpus, "a string")
    parent = _parent(manifest, kind)
    settings = _settings(files, kind)
    quantization = str(_json(files, "quantization.json")["quantization"]) if kind == "quantized" else None
    tensor_file = _OWN[kind][1]
    tensors = _tensors(files, tensor_file) if tensor_file else {}
    tokenizer = _json(files, TOKENIZER)
    sha = canonical_sha(
        kind,
        settings,
        tensors,
        tokenizer,
        parent=parent or "",
        corpus=corpus,
        quantization=quantization or "",
    )
    text = canonical.canonical_json(tokenizer).decode()
    return Bundle(sha, kind, parent, corpus, quantization, settings, tensors, text, manifest)


def load_bundle(models_dir: Path, sha: str) -> Bundle:
    """Read a registered bundle. Refuses it if its contents do not match its SHA."""
    bundle = read_folder(bundle_path(models_dir, sha))
    if bundle.sha != sha:
        raise BundleMismatch(sha, bundle.sha)
    return bundle
