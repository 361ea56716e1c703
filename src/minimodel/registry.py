"""The register of models, read side: which bundles there are, and what they are called."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from minimodel.bundle import SHA_PATTERN
from minimodel.canonical import KINDS
from minimodel.errors import RegistryRefused, UnknownModel

FILE: Final = "registry.json"
SCHEMA: Final = 1
SEMVER_PATTERN: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_PREFIX_PATTERN: Final = re.compile(r"[0-9a-f]{6,64}")
_EXPECTED: Final = "a version such as v0.1.0, a SHA, or a unique prefix of one with at least 6 digits"


@dataclass(frozen=True)
class Entry:
    """What the register says of one bundle."""

    kind: str
    parent: str | None
    created: str


@dataclass(frozen=True)
class Registry:
    """The register as it was read; `production` is a SHA."""

    models: Mapping[str, Entry]
    versions: Mapping[str, str]
    production: str

    @classmethod
    def read(cls, models_dir: Path) -> "Registry":
        """Read and check `registry.json`."""
        path = models_dir / FILE
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise RegistryRefused(FILE, "missing", "a registry file in the models folder") from error
        except ValueError as error:
            raise RegistryRefused(FILE, str(error), "valid JSON") from error
        return parse(found)

    def resolve(self, ref: str) -> str:
        """Return the SHA a reference means; refuses what is unknown or ambiguous."""
        version = ref.removeprefix("v")
        if SEMVER_PATTERN.fullmatch(version):
            if version not in self.versions:
                raise UnknownModel(ref, f"one of {', '.join('v' + v for v in self.versions)}")
            return self.versions[version]
        if _PREFIX_PATTERN.fullmatch(ref) is None:
            raise UnknownModel(ref, _EXPECTED)
        matches = [sha for sha in self.models if sha.startswith(ref)]
        if len(matches) > 1:
            raise UnknownModel(ref, f"a longer prefix, as it fits {', '.join(m[:12] for m in matches)}")
        if not matches:
            raise UnknownModel(ref, f"one of {', '.join(sha[:12] for sha in self.models)}")
        return matches[0]

    def lineage(self, sha: str) -> tuple[str, ...]:
        """Return a model's SHA and those of its parents, the base model last."""
        chain = [self.resolve(sha)]
        while (parent := self.models[chain[-1]].parent) is not None:
            if parent in chain or parent not in self.models:
                raise RegistryRefused("parent", parent, "a registered model that is no descendant")
            chain.append(parent)
        return tuple(chain)


def _entry(sha: str, found: Any) -> Entry:  # noqa: ANN401 - JSON boundary
    if SHA_PATTERN.fullmatch(sha) is None:
        raise RegistryRefused("model", sha, "64 lower-case hexadecimal digits")
    if not isinstance(found, dict) or set(found) != {"kind", "parent", "created"}:
        raise RegistryRefused(f"model {sha[:12]}", found, "kind, parent and created")
    if found["kind"] not in KINDS:
        raise RegistryRefused(f"kind of {sha[:12]}", found["kind"], f"one of {', '.join(KINDS)}")
    return Entry(found["kind"], found["parent"], found["created"])


def parse(found: Any) -> Registry:  # noqa: ANN401 - JSON boundary
    """Check a parsed registry file and freeze it."""
    if not isinstance(found, dict) or set(found) != {"schema", "models", "versions", "production"}:
        raise RegistryRefused("keys", found, "schema, models, versions and production")
    if found["schema"] != SCHEMA:
        raise RegistryRefused("schema", found["schema"], str(SCHEMA))
    models = {sha: _entry(sha, entry) for sha, entry in found["models"].items()}
    versions = {str(version): str(sha) for version, sha in found["versions"].items()}
    for version, sha in versions.items():
        if SEMVER_PATTERN.fullmatch(version) is None:
            raise RegistryRefused("version", version, "three numbers such as 0.1.0")
        if sha not in models:
            raise RegistryRefused(f"version {version}", sha, "a registered model")
    if found["production"] not in versions:
        raise RegistryRefused("production", found["production"], f"one of {', '.join(versions)}")
    return Registry(MappingProxyType(models), MappingProxyType(versions), versions[found["production"]])
