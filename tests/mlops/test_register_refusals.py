"""Bundles that the registry refuses, the messages, and that nothing is left behind."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from minimodel.bundles.registry import Registry
from minimodel.errors import BundleRefused, RegistryRefused

ROOT = Path(__file__).resolve().parents[2]


def _run(models: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "scripts/mlops/registry.py", "--models", models, *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def _one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
def base(bundles: ModuleType, tmp_path: Path) -> Path:
    return Path(bundles.write_base(tmp_path / "base"))


@pytest.fixture
def models(registry: ModuleType, base: Path, tmp_path: Path) -> tuple[Path, str]:
    """A models folder with one base model without a version, and its SHA."""
    return tmp_path / "models", str(registry.register(tmp_path / "models", base))


def _untouched(models: Path) -> bool:
    return not list(models.iterdir())


def test_a_base_model_that_lacks_tensors_is_refused(registry: ModuleType, base: Path, tmp_path: Path) -> None:
    tensors = load_file(base / "model.safetensors")
    save_file({"transformer.wte.weight": tensors["transformer.wte.weight"]}, base / "model.safetensors")

    with pytest.raises(BundleRefused, match="tensors"):
        registry.register(tmp_path / "models", base)

    assert _untouched(tmp_path / "models")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(
    registry: ModuleType, base: Path, tmp_path: Path, value: float
) -> None:
    tensors = load_file(base / "model.safetensors")
    tensors["transformer.ln_f.bias"][0] = value
    save_file(tensors, base / "model.safetensors")

    with pytest.raises(BundleRefused, match=r"transformer\.ln_f\.bias.*finite"):
        registry.register(tmp_path / "models", base)

    assert _untouched(tmp_path / "models")


@pytest.mark.parametrize("value", [np.nan, 3e38])
def test_an_adapter_whose_merged_weights_are_not_finite_is_refused(
    registry: ModuleType, bundles: ModuleType, base: Path, models: tuple[Path, str], tmp_path: Path, value: float
) -> None:
    folder = bundles.write_adapter(tmp_path / "adapter", models[1], base)
    tensors = {name: np.full_like(t, value) for name, t in load_file(folder / "adapter_model.safetensors").items()}
    save_file(tensors, folder / "adapter_model.safetensors")

    with pytest.raises(BundleRefused, match="finite"):
        registry.register(models[0], folder)


def test_an_adapter_of_another_shape_than_its_parent_is_refused(
    registry: ModuleType, bundles: ModuleType, base: Path, models: tuple[Path, str], tmp_path: Path
) -> None:
    folder = bundles.write_adapter(tmp_path / "adapter", models[1], base)
    tensors = load_file(folder / "adapter_model.safetensors")
    save_file({n: t[:, :1].copy() for n, t in tensors.items()}, folder / "adapter_model.safetensors")

    with pytest.raises(BundleRefused, match="adapter module"):
        registry.register(models[0], folder)


@pytest.mark.parametrize("text", ['{"model": {"type": "none"}}', "{}"])
def test_an_invalid_tokenizer_is_refused(registry: ModuleType, base: Path, tmp_path: Path, text: str) -> None:
    (base / "tokenizer.json").write_text(text)

    with pytest.raises(BundleRefused, match="tokenizer"):
        registry.register(tmp_path / "models", base)


@pytest.mark.parametrize("field", ["kind", "parent"])
def test_verify_compares_kind_and_parent_with_the_bundle(
    registry: ModuleType, bundles: ModuleType, models: tuple[Path, str], tmp_path: Path, field: str
) -> None:
    folder, sha = models
    other = registry.register(folder, bundles.write_base(tmp_path / "other", seed=2))
    content = json.loads((folder / "registry.json").read_text())
    content["models"][sha] |= {"kind": "quantized"} if field == "kind" else {"parent": other}
    (folder / "registry.json").write_text(json.dumps(content))

    with pytest.raises(RegistryRefused, match="expected base of parent None, as its bundle says"):
        registry.verify(folder)


def test_a_missing_folder_is_reported_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")

    for source in (tmp_path / "nope", file):
        assert str(source) in _one_sentence(_run(tmp_path / "models", "register", source))
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    "text", ["{", "[]", "\udcff", '{"schema": 1}', '{"models": [], "schema": 1, "versions": {}, "production": null}',
             '{"models": {}, "schema": 1, "versions": 3, "production": null}', "[" * 100_000]
)  # fmt: skip
def test_a_broken_registry_is_reported_in_one_sentence(base: Path, tmp_path: Path, text: str) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "registry.json").write_text(text, errors="surrogateescape")

    for arguments in (("register", base), ("promote", "a" * 64, "0.1.0"), ("list",), ("verify",)):
        assert "registry refused" in _one_sentence(_run(models, *arguments))


def test_a_failed_copy_leaves_nothing_behind(
    registry: ModuleType, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    # The only way to simulate a full disk without root.
    monkeypatch.setattr(shutil, "copyfile", full)

    with pytest.raises(OSError, match="No space"):
        registry.register(tmp_path / "models", base)

    assert _untouched(tmp_path / "models")


def test_the_first_model_can_be_listed_and_promoted_by_a_prefix(models: tuple[Path, str]) -> None:
    folder, sha = models
    listed = _run(folder, "list")

    promoted = _run(folder, "promote", sha[:8], "v0.1.0")

    assert (listed.returncode, listed.stdout) == (0, f"{sha} base      -\n")
    assert (promoted.returncode, promoted.stdout) == (0, f"{sha}\n")
    assert Registry.read(folder).production == sha


def test_a_registry_without_a_production_model_is_refused_for_serving(models: tuple[Path, str]) -> None:
    with pytest.raises(RegistryRefused, match="production is None"):
        Registry.read(models[0])
