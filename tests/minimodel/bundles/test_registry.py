"""References to models, and registry files that are refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from minimodel.bundles.registry import Registry, parse
from minimodel.errors import RegistryRefused, UnknownModel

A, B, C = "a1" * 32, "b1" * 32, "a1" * 31 + "c3"


def _content() -> dict[str, Any]:
    entry = {"kind": "base", "parent": None, "created": "2026-05-04T10:11:12Z"}
    return {
        "schema": 1,
        "models": {A: entry, B: {**entry, "kind": "adapter", "parent": A}, C: entry},
        "versions": {"0.1.0": A, "0.1.1": A, "0.3.0": B},
        "production": "0.1.0",
    }


@pytest.mark.parametrize(
    ("ref", "sha"), [("v0.1.0", A), ("0.1.0", A), ("v0.1.1", A), ("v0.3.0", B), (B, B), (B[:6], B), (C, C)]
)
def test_a_version_a_sha_or_a_unique_prefix_names_a_model(ref: str, sha: str) -> None:
    assert parse(_content()).resolve(ref) == sha


@pytest.mark.parametrize("ref", ["", "v", "v9.9.9", "0.1", "b1", B[:5], "B" * 64, "f" * 64, "../" + A, A + "0", A[:12]])
def test_any_other_reference_is_refused_with_what_was_expected(ref: str) -> None:
    with pytest.raises(UnknownModel, match="expected") as refused:
        parse(_content()).resolve(ref)

    assert refused.value.ref == ref


def test_production_resolves_to_a_sha() -> None:
    assert parse(_content()).production == A


def test_lineage_goes_from_a_model_to_its_base() -> None:
    assert parse(_content()).lineage("v0.3.0") == (B, A)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"production": "0.9.0"},
        {"versions": {"v0.1.0": A}},
        {"versions": {"0.1.0": "f" * 64}, "production": "0.1.0"},
        {"models": {"..": {"kind": "base", "parent": None, "created": ""}}},
        {"extra": 1},
    ],
)
def test_a_registry_that_contradicts_itself_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RegistryRefused, match="expected"):
        parse({**_content(), **change})


def test_a_parent_that_is_its_own_descendant_is_refused() -> None:
    content = _content()
    content["models"][A] = {**content["models"][A], "parent": B}

    with pytest.raises(RegistryRefused, match="not its own descendant"):
        parse(content).lineage(B)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}'])
def test_a_file_that_is_not_a_registry_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "registry.json").write_text(text)

    with pytest.raises(RegistryRefused):
        Registry.read(tmp_path)


def test_a_missing_registry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegistryRefused, match="missing"):
        Registry.read(tmp_path)


def test_the_registry_is_read_as_written(tmp_path: Path) -> None:
    (tmp_path / "registry.json").write_text(json.dumps(_content()))

    assert Registry.read(tmp_path) == parse(_content())
