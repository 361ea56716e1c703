"""Reading bundles: identity, tampering, and what is refused."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from minimodel.bundles.bundle import bundle_path, load_bundle, read_folder
from minimodel.errors import BundleMismatch, BundleRefused


@pytest.fixture
def stored(tmp_path: Path, tiny: Path) -> tuple[Path, str]:
    """A models folder with one bundle under its own SHA."""
    sha = read_folder(tiny).sha
    shutil.copytree(tiny, tmp_path / "models" / sha)
    return tmp_path / "models", sha


def test_a_stored_bundle_loads_under_its_sha(stored: tuple[Path, str]) -> None:
    models, sha = stored

    bundle = load_bundle(models, sha)

    assert (bundle.sha, bundle.kind, bundle.parent) == (sha, "base", None)


def test_path_time_and_key_order_do_not_affect_the_sha(tmp_path: Path, tiny: Path) -> None:
    other = tmp_path / "elsewhere" / "copy"
    shutil.copytree(tiny, other)
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(dict(reversed(config.items())), indent=3))
    tensors = dict(reversed(load_file(other / "model.safetensors").items()))
    save_file(tensors, other / "model.safetensors", metadata={"format": "pt"})
    manifest = json.loads((other / "train_manifest.json").read_text())
    (other / "train_manifest.json").write_text(json.dumps({**manifest, "created": "another day"}))
    os.utime(other / "config.json", (1, 1))

    assert read_folder(other).sha == read_folder(tiny).sha


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_changed_file_is_refused(stored: tuple[Path, str], name: str) -> None:
    models, sha = stored
    path = models / sha / name
    changes: dict[str, Callable[[bytes], bytes]] = {
        "model.safetensors": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        "tokenizer.json": lambda data: data.replace(b'"h"', b'"~h"', 1),
        "config.json": lambda data: data.replace(b'"n_head": 2', b'"n_head": 4'),
    }
    path.write_bytes(changes[name](path.read_bytes()))

    with pytest.raises(BundleMismatch) as refused:
        load_bundle(models, sha)

    assert refused.value.expected_sha == sha


def test_a_bundle_in_the_folder_of_another_sha_is_refused(stored: tuple[Path, str]) -> None:
    models, sha = stored
    wrong = "0" * 64
    (models / sha).rename(models / wrong)

    with pytest.raises(BundleMismatch, match=wrong):
        load_bundle(models, wrong)


@pytest.mark.parametrize(
    "sha", ["", "..", "../" + "a" * 61, "A" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n", "/" + "a" * 63, "a" * 63 + "\0"]
)
def test_only_a_full_sha_becomes_a_path(tmp_path: Path, sha: str) -> None:
    with pytest.raises(BundleRefused, match="64 lower-case hexadecimal digits"):
        bundle_path(tmp_path, sha)


def test_an_unknown_file_is_refused(stored: tuple[Path, str]) -> None:
    models, sha = stored
    (models / sha / "pytorch_model.bin").write_bytes(b"\x80\x04")

    with pytest.raises(BundleRefused, match=r"pytorch_model\.bin"):
        load_bundle(models, sha)


def test_a_link_in_a_bundle_is_refused_and_not_followed(stored: tuple[Path, str], tmp_path: Path) -> None:
    models, sha = stored
    target = tmp_path / "outside.md"
    target.write_text("x")
    (models / sha / "README.md").unlink()
    (models / sha / "README.md").symlink_to(target)

    with pytest.raises(BundleRefused, match="regular file"):
        load_bundle(models, sha)


def test_a_bundle_folder_that_is_a_link_is_refused(stored: tuple[Path, str], tmp_path: Path) -> None:
    models, sha = stored
    (models / sha).rename(tmp_path / "moved")
    (models / sha).symlink_to(tmp_path / "moved")

    with pytest.raises(BundleRefused, match="not a link"):
        load_bundle(models, sha)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"{"),
        ("config.json", b"[]"),
        ("model.safetensors", b"\x80\x04junk"),
        ("tokenizer.json", b"\xff"),
    ],
)
def test_an_unreadable_file_is_refused_by_name(stored: tuple[Path, str], name: str, content: bytes) -> None:
    models, sha = stored
    (models / sha / name).write_bytes(content)

    with pytest.raises(BundleRefused, match=name.replace(".", r"\.")):
        load_bundle(models, sha)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "train_manifest.json", "config.json"])
def test_a_missing_file_is_refused(stored: tuple[Path, str], name: str) -> None:
    models, sha = stored
    (models / sha / name).unlink()

    with pytest.raises(BundleRefused):
        load_bundle(models, sha)


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match="existing folder"):
        load_bundle(tmp_path, "a" * 64)


def test_a_bundle_of_two_kinds_is_refused(tiny: Path) -> None:
    (tiny / "quantization.json").write_text('{"quantization": "int8"}')

    with pytest.raises(BundleRefused, match="exactly one"):
        read_folder(tiny)


def test_a_quantized_bundle_names_its_parent_and_has_no_tensors(tiny: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        (tiny / name).unlink()
    (tiny / "quantization.json").write_text('{"quantization": "int8"}')
    (tiny / "train_manifest.json").write_text(json.dumps({"parent": "a" * 64, "corpus_sha256": ""}))

    bundle = read_folder(tiny)

    assert (bundle.kind, bundle.parent, bundle.quantization, dict(bundle.tensors)) == (
        "quantized",
        "a" * 64,
        "int8",
        {},
    )


@pytest.mark.parametrize("parent", [None, "", "../models", 3])
def test_an_adapter_without_the_sha_of_its_parent_is_refused(tiny: Path, parent: object) -> None:
    for name in ("config.json", "model.safetensors"):
        (tiny / name).unlink()
    (tiny / "quantization.json").write_text('{"quantization": "int8"}')
    (tiny / "train_manifest.json").write_text(json.dumps({"parent": parent}))

    with pytest.raises(BundleRefused, match="parent"):
        read_folder(tiny)
