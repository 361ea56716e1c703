"""Fuzzes every parser of models: any input gives a value or one of our errors, and values survive a round trip."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import MODELS
from tests.strategies import JSON, attempt, bytes_near, json_near

from minimodel.bundles import canonical
from minimodel.bundles.bundle import Bundle, read_folder
from minimodel.bundles.registry import Registry, parse
from minimodel.errors import BundleRefused, RegistryRefused, UnknownModel

REGISTRY = json.loads((MODELS / "registry.json").read_text(encoding="utf-8"))
VERSIONS = {version: MODELS / sha for version, sha in REGISTRY["versions"].items()}
ARCHITECTURE = json.loads((VERSIONS["0.1.0"] / "config.json").read_text(encoding="utf-8"))
ADAPTER = json.loads((VERSIONS["0.3.0"] / "adapter_config.json").read_text(encoding="utf-8"))


@given(json_near(REGISTRY) | JSON)
def test_any_registry_is_refused_or_survives_a_round_trip(found: Any) -> None:  # noqa: ANN401 - JSON
    registry = attempt(RegistryRefused, parse, found)
    if isinstance(registry, RegistryRefused):
        return

    assert parse(_as_json(registry)) == registry
    for ref in (*registry.models, *registry.versions):
        assert registry.resolve(ref) in registry.models
        lineage = attempt(RegistryRefused, registry.lineage, ref)
        assert isinstance(lineage, RegistryRefused) or set(lineage) <= set(registry.models)


def _as_json(registry: Registry) -> dict[str, Any]:
    models = {
        sha: {"kind": entry.kind, "parent": entry.parent, "created": entry.created}
        for sha, entry in registry.models.items()
    }
    return {
        "schema": 1,
        "models": models,
        "versions": dict(registry.versions),
        "production": registry.production_version,
    }


@given(st.text(max_size=70) | st.from_regex(r"v?[0-9.]{1,8}") | st.from_regex(r"[0-9a-f]{5,64}"))
def test_any_reference_resolves_to_a_registered_model_or_is_refused(ref: str) -> None:
    registry = parse(REGISTRY)

    sha = attempt(UnknownModel, registry.resolve, ref)

    assert isinstance(sha, UnknownModel) or sha in registry.models


@given(json_near(ARCHITECTURE))
def test_any_architecture_is_refused_or_survives_a_round_trip(config: Any) -> None:  # noqa: ANN401 - JSON
    if not isinstance(config, dict):  # refused earlier, because it is not a JSON object
        return

    found = attempt(BundleRefused, canonical.architecture, config)

    assert isinstance(found, BundleRefused) or canonical.architecture(found) == found


@given(json_near(ADAPTER))
def test_any_adapter_settings_are_refused_or_survive_a_round_trip(config: Any) -> None:  # noqa: ANN401 - JSON
    if not isinstance(config, dict):
        return

    found = attempt(BundleRefused, canonical.adapter_settings, config)

    assert isinstance(found, BundleRefused) or canonical.adapter_settings(found) == found


@given(JSON)
def test_any_value_is_refused_or_survives_a_round_trip_through_canonical_json(value: Any) -> None:  # noqa: ANN401 - JSON
    text = attempt(BundleRefused, canonical.canonical_json, value)
    if isinstance(text, BundleRefused):
        return

    assert canonical.canonical_json(json.loads(text)) == text


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a copy of each registered bundle. Tests may change its files but must restore them."""
    at = tmp_path_factory.mktemp("bundles")
    return {version: Path(shutil.copytree(folder, at / version)) for version, folder in VERSIONS.items()}


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])  # a bundle has half a million weights
@given(data=st.data())
def test_a_bundle_with_altered_json_is_refused_or_read(data: st.DataObject, folders: dict[str, Path]) -> None:
    folder = folders[data.draw(st.sampled_from(sorted(folders)))]
    path = data.draw(st.sampled_from(sorted(folder.glob("*.json"))))
    whole = path.read_bytes()
    try:
        parsed = json.loads(whole)
        near = json_near(parsed).map(lambda value: json.dumps(value).encode())
        path.write_bytes(data.draw(near | bytes_near(whole) | st.binary(max_size=50)))

        found = attempt(BundleRefused, read_folder, folder)
    finally:
        path.write_bytes(whole)

    assert isinstance(found, BundleRefused | Bundle)
