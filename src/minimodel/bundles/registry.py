"""Reads the registry of models: which bundles exist and which versions name them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from minimodel.bundles.bundle import SHA_PATTERN
from minimodel.bundles.canonical import KINDS
from minimodel.errors import RegistryRefused, UnknownModel
from minimodel.small_files import UnusableFile, read_version

FILE: Final = "registry.json"
SCHEMA: Final = 1
# An entry takes 200 bytes, so this is room for 5,000 models; parsing that much takes 10 ms.
_MAX_BYTES: Final = 2**20
SEMVER_PATTERN: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
# At least six digits, so that a typing mistake is unlikely to match a model.
_PREFIX_PATTERN: Final = re.compile(r"[0-9a-f]{6,64}")
_EXPECTED: Final = "a version such as v0.1.0, a SHA, or a unique prefix of one with at least 6 digits"


@dataclass(frozen=True)
class Entry:
    """The registry's entry for one bundle."""

    kind: str
    parent: str | None
    created: str


@dataclass(frozen=True)
class Registry:
    """The register as it was read; `production_version` is None until a first model is promoted."""

    models: Mapping[str, Entry]
    versions: Mapping[str, str]
    production_version: str | None

    @property
    def production(self) -> str:
        """The SHA of the model in production."""
        if self.production_version is None:
            raise RegistryRefused("production", None, "the version of a promoted model")
        return self.versions[self.production_version]

    @classmethod
    def read(cls, models_dir: Path, *, unpromoted: bool = False) -> "Registry":
        """Read and check `registry.json`. Refuses a registry without a production model unless `unpromoted` is set."""
        registry = parse(read_content(models_dir))
        if not unpromoted and registry.production_version is None:
            raise RegistryRefused("production", None, "the version of a promoted model")
        return registry

    def resolve(self, ref: str) -> str:
        """Return the SHA that a version, SHA or prefix refers to. Refuses unknown and ambiguous ones."""
        version = ref.removeprefix("v")
        if SEMVER_PATTERN.fullmatch(version):
            if version not in self.versions:
                raise UnknownModel(ref, f"one of {', '.join('v' + v for v in self.versions)}")
            return self.versions[version]
        if _PREFIX_PATTERN.fullmatch(ref) is None:
            raise UnknownModel(ref, _EXPECTED)
        matches = [sha for sha in self.models if sha.startswith(ref)]
        if len(matches) > 1:
            raise UnknownModel(ref, f"a longer prefix, because it matches {', '.join(m[:12] for m in matches)}")
        if not matches:
            raise UnknownModel(ref, f"one of {', '.join(sha[:12] for sha in self.models)}")
        return matches[0]

    def lineage(self, sha: str) -> tuple[str, ...]:
        """Return a model's SHA and those of its parents, the base model last."""
        chain = [self.resolve(sha)]
        while (parent := self.models[chain[-1]].parent) is not None:
            # The file can be edited by hand, and a cycle would loop for ever.
            if parent in chain or parent not in self.models:
                raise RegistryRefused("parent", parent, "a registered model that is not its own descendant")
            chain.append(parent)
        return tuple(chain)


def read_content(models_dir: Path) -> Any:  # noqa: ANN401 - JSON boundary
    """Return the contents of `registry.json`, unchecked."""
    try:
        return json.loads(read_version(models_dir / FILE, _MAX_BYTES).content)
    except UnusableFile as error:
        raise RegistryRefused(FILE, error.strerror, "a registry file in the models folder") from error
    except FileNotFoundError as error:
        raise RegistryRefused(FILE, "missing", f"a registry in the models folder {models_dir.resolve()}") from error
    except (ValueError, RecursionError) as error:
        raise RegistryRefused(FILE, str(error), "valid JSON") from error


def _entry(sha: str, found: Any) -> Entry:  # noqa: ANN401 - JSON boundary
    if SHA_PATTERN.fullmatch(sha) is None:
        raise RegistryRefused("model", sha, "64 lower-case hexadecimal digits")
    if not isinstance(found, dict) or set(found) != {"kind", "parent", "created"}:
        raise RegistryRefused(f"model {sha[:12]}", found, "kind, parent and created")
    if found["kind"] not in KINDS:
        raise RegistryRefused(f"kind of {sha[:12]}", found["kind"], f"one of {', '.join(KINDS)}")
    parent = found["parent"]
    if parent is not None and not (isinstance(parent, str) and SHA_PATTERN.fullmatch(parent)):
        raise RegistryRefused(f"parent of {sha[:12]}", parent, "null or 64 lower-case hexadecimal digits")
    return Entry(found["kind"], found["parent"], found["created"])


def parse(found: Any) -> Registry:  # noqa: ANN401 - JSON boundary
    """Check a parsed registry file and return it as an immutable Registry."""
    if not isinstance(found, dict) or set(found) != {"schema", "models", "versions", "production"}:
        raise RegistryRefused("keys", found, "schema, models, versions and production")
    if found["schema"] != SCHEMA:
        raise RegistryRefused("schema", found["schema"], str(SCHEMA))
    for name in ("models", "versions"):
        if not isinstance(found[name], dict):
            raise RegistryRefused(name, found[name], "a JSON object")
    models = {sha: _entry(sha, entry) for sha, entry in found["models"].items()}
    versions = {str(version): str(sha) for version, sha in found["versions"].items()}
    for version, sha in versions.items():
        if SEMVER_PATTERN.fullmatch(version) is None:
            raise RegistryRefused("version", version, "three numbers such as 0.1.0")
        if sha not in models:
            raise RegistryRefused(f"version {version}", sha, "a registered model")
    production = found["production"]
    # A new registry has models before any has a version. Once one has, there must be a production model.
    if production is None and not versions:
        return Registry(MappingProxyType(models), MappingProxyType(versions), None)
    if not isinstance(production, str) or production not in versions:
        raise RegistryRefused("production", production, f"one of {', '.join(versions)}")
    return Registry(MappingProxyType(models), MappingProxyType(versions), production)
