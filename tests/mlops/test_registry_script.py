"""Registering, promoting, showing and verifying models."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from minimodel.bundles.bundle import bundle_path
from minimodel.bundles.registry import Registry
from minimodel.errors import BundleRefused, ModelError, RegistryRefused
from minimodel.inference.engine import Engine

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def filled(registry: ModuleType, bundles: ModuleType, tmp_path: Path) -> tuple[Path, str, str]:
    """A models folder with a base model (v0.1.0) and an adapter of it (v0.3.0)."""
    models = tmp_path / "models"
    base = bundles.write_base(tmp_path / "base")
    base_sha = registry.register(models, base)
    registry.promote(models, base_sha, "v0.1.0", production=True)
    adapter_sha = registry.register(models, bundles.write_adapter(tmp_path / "adapter", base_sha, base))
    registry.promote(models, adapter_sha, "0.3.0")
    return models, base_sha, adapter_sha


def test_a_registered_model_resolves_by_version_and_loads(filled: tuple[Path, str, str]) -> None:
    models, base, adapter = filled
    read = Registry.read(models)

    assert (read.resolve("v0.1.0"), read.resolve("v0.3.0"), read.production) == (base, adapter, base)
    assert read.lineage(adapter) == (adapter, base)


def test_registering_twice_changes_nothing(registry: ModuleType, filled: tuple[Path, str, str], tmp_path: Path) -> None:
    models, base, _ = filled
    before = (models / "registry.json").read_bytes()

    assert registry.register(models, tmp_path / "base") == base
    assert (models / "registry.json").read_bytes() == before
    assert not [p for p in models.iterdir() if p.name.startswith(".")]


def test_a_version_never_moves(registry: ModuleType, filled: tuple[Path, str, str]) -> None:
    models, base, adapter = filled

    assert registry.promote(models, base, "v0.1.0") == base
    with pytest.raises(RegistryRefused, match=r"version 0\.1\.0"):
        registry.promote(models, adapter, "v0.1.0")


def test_one_model_may_have_several_versions(registry: ModuleType, filled: tuple[Path, str, str]) -> None:
    models, base, _ = filled
    registry.promote(models, base, "v0.1.1")

    assert Registry.read(models).resolve("v0.1.1") == base


@pytest.mark.parametrize("version", ["1", "v1.2", "01.2.3", "1.2.3-rc1", "../1.2.3", ""])
def test_a_version_that_is_not_three_numbers_is_refused(
    registry: ModuleType, filled: tuple[Path, str, str], version: str
) -> None:
    with pytest.raises(RegistryRefused, match="three numbers"):
        registry.promote(filled[0], filled[1], version)


def test_an_adapter_of_an_unregistered_parent_is_refused(
    registry: ModuleType, bundles: ModuleType, tmp_path: Path
) -> None:
    base = bundles.write_base(tmp_path / "base")

    with pytest.raises(RegistryRefused, match="a registered model"):
        registry.register(tmp_path / "models", bundles.write_adapter(tmp_path / "adapter", "a" * 64, base))

    assert not list((tmp_path / "models").iterdir())


def test_a_bundle_with_a_link_is_not_registered(registry: ModuleType, bundles: ModuleType, tmp_path: Path) -> None:
    base = bundles.write_base(tmp_path / "base")
    (base / "README.md").unlink()
    (base / "README.md").symlink_to("/etc/hostname")

    with pytest.raises(RegistryRefused, match="regular file"):
        registry.register(tmp_path / "models", base)


def test_verify_reads_every_bundle_and_refuses_a_changed_one(
    registry: ModuleType, filled: tuple[Path, str, str]
) -> None:
    models, base, adapter = filled
    assert {b.sha for b in registry.verify(models)} == {base, adapter}

    path = bundle_path(models, base) / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    with pytest.raises(BundleRefused):
        registry.verify(models)


def test_a_quantized_model_shares_its_parents_weights(
    registry: ModuleType, filled: tuple[Path, str, str], tmp_path: Path
) -> None:
    models, base, _ = filled
    registry.quantize(models, base, tmp_path / "int8")
    sha = registry.register(models, tmp_path / "int8")

    engine = Engine.load(models, sha)

    assert not list(bundle_path(models, sha).glob("*.safetensors"))
    assert Registry.read(models).lineage(sha) == (sha, base)
    assert engine.compute_type.startswith("int8")


def test_an_adapter_saved_without_tokenizer_and_manifest_registers_under_a_named_parent(
    registry: ModuleType, bundles: ModuleType, filled: tuple[Path, str, str], tmp_path: Path
) -> None:
    models, base, adapter = filled
    bare = bundles.write_adapter(tmp_path / "bare", base, tmp_path / "base")
    (bare / "tokenizer.json").unlink()
    (bare / "train_manifest.json").unlink()

    assert registry.register(models, bare, parent="v0.1.0") == adapter


def test_the_lineage_is_drawn_as_text_and_as_mermaid(registry: ModuleType, filled: tuple[Path, str, str]) -> None:
    models, base, adapter = filled

    text = registry.lineage_text(models)
    mermaid = registry.lineage_mermaid(models)

    assert text.index(f"corpus {'c' * 12}") < text.index(base[:12]) < text.index(adapter[:12])
    assert mermaid.startswith("graph TD")
    assert f"m{base[:12]} --> m{adapter[:12]}" in mermaid


def test_the_lineage_page_matches_the_registry(registry: ModuleType) -> None:
    assert (ROOT / "docs/lineage.md").read_text("utf-8") == registry.lineage_page(ROOT / "models")


def test_the_committed_registry_matches_its_bundles(registry: ModuleType) -> None:
    verified = registry.verify(ROOT / "models")

    assert {b.sha for b in verified} == {p.name for p in (ROOT / "models").iterdir() if len(p.name) == 64}


def test_the_command_reports_a_refusal_in_one_sentence_and_exits_2(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/mlops/registry.py", "--models", tmp_path, "list"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    expected = f"a registry in the models folder {tmp_path.resolve()}"
    assert done.stderr == f"registry refused: registry.json is 'missing', expected {expected}\n"


def test_every_refusal_is_a_model_error() -> None:
    assert issubclass(RegistryRefused, ModelError)
    assert json.loads((ROOT / "models/registry.json").read_text("utf-8"))["schema"] == 1
