"""The register of models, write side: register, promote, list, show, lineage, verify.

Every change goes through a temporary file and a rename, so that a reader never sees half of one.
"""

import argparse
import datetime as dt
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from minimodel.bundle import MANIFEST, SHA_PATTERN, TOKENIZER, Bundle, bundle_path, load_bundle, read_folder
from minimodel.errors import ModelError, RegistryRefused
from minimodel.registry import FILE, SCHEMA, SEMVER_PATTERN, Registry, parse

MODELS: Final = Path(__file__).resolve().parents[2] / "models"


def _write(models_dir: Path, content: dict[str, Any]) -> None:
    """Check and replace the registry file."""
    if content["versions"]:
        parse(content)
    handle, name = tempfile.mkstemp(dir=models_dir, prefix=".registry-")
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(content, out, indent=2, sort_keys=True)
        out.write("\n")
        out.flush()
        os.fsync(out.fileno())
    Path(name).chmod(0o644)
    Path(name).replace(models_dir / FILE)


def _content(models_dir: Path) -> dict[str, Any]:
    path = models_dir / FILE
    if not path.exists():
        return {"schema": SCHEMA, "models": {}, "versions": {}, "production": None}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _completed(source: Path, models_dir: Path, parent: str | None) -> Path:
    """Return a copy of a bundle with what a library did not save taken from its parent."""
    folder = Path(tempfile.mkdtemp(dir=models_dir, prefix=".incoming-"))
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
    return folder


def register(models_dir: Path, source: Path, *, parent: str | None = None) -> str:
    """Take a bundle in under its canonical SHA and return it; a second time changes nothing."""
    models_dir.mkdir(parents=True, exist_ok=True)
    content = _content(models_dir)
    if parent is not None and SHA_PATTERN.fullmatch(parent) is None:
        parent = Registry.read(models_dir).resolve(parent)
    folder = _completed(source, models_dir, parent)
    try:
        bundle = read_folder(folder)
        if parent is not None and bundle.parent != parent:
            raise RegistryRefused("parent", bundle.parent, parent)
        if bundle.parent is not None and bundle.parent not in content["models"]:
            raise RegistryRefused("parent", bundle.parent, "a registered model")
        target = bundle_path(models_dir, bundle.sha)
        if target.exists():
            load_bundle(models_dir, bundle.sha)
        else:
            folder.chmod(0o755)
            folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if bundle.sha not in content["models"]:
        created = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        content["models"][bundle.sha] = {"kind": bundle.kind, "parent": bundle.parent, "created": created}
        _write(models_dir, content)
    return bundle.sha


def promote(models_dir: Path, ref: str, version: str, *, production: bool = False) -> str:
    """Give a registered model a version, once and for all, and return its SHA."""
    content = _content(models_dir)
    version = version.removeprefix("v")
    if SEMVER_PATTERN.fullmatch(version) is None:
        raise RegistryRefused("version", version, "three numbers such as 0.1.0")
    sha = ref if ref in content["models"] else Registry.read(models_dir).resolve(ref)
    if content["versions"].get(version, sha) != sha:
        raise RegistryRefused(f"version {version}", content["versions"][version], f"free or already {sha}")
    load_bundle(models_dir, sha)
    content["versions"][version] = sha
    if production or content["production"] is None:
        content["production"] = version
    _write(models_dir, content)
    return sha


def quantize(models_dir: Path, parent: str, folder: Path) -> None:
    """Write a bundle that names its parent and a quantisation and has no tensors of its own."""
    above = load_bundle(models_dir, parent)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(bundle_path(models_dir, parent) / TOKENIZER, folder / TOKENIZER)
    (folder / "quantization.json").write_text('{"quantization": "int8"}\n', encoding="utf-8")
    manifest = {"parent": parent, "corpus_sha256": above.corpus}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def verify(models_dir: Path) -> tuple[Bundle, ...]:
    """Read every registered bundle and its lineage; raises at the first that is not what its SHA says."""
    registry = Registry.read(models_dir)
    for sha in registry.models:
        registry.lineage(sha)
    return tuple(load_bundle(models_dir, sha) for sha in registry.models)


def lineage_text(models_dir: Path, ref: str | None = None) -> str:
    """Return the ancestry of one model, or of all, from the corpus down."""
    registry = Registry.read(models_dir)
    lines: list[str] = []
    for sha in [registry.resolve(ref)] if ref else registry.models:
        chain = registry.lineage(sha)
        lines.append(f"corpus {load_bundle(models_dir, chain[-1]).corpus[:12]}")
        for depth, member in enumerate(reversed(chain), start=1):
            lines.append(f"{'  ' * depth}{registry.models[member].kind} {member[:12]} {_names(registry, member)}")
    return "\n".join(lines) + "\n"


def lineage_mermaid(models_dir: Path) -> str:
    """Return the ancestry of all models as a mermaid graph."""
    registry = Registry.read(models_dir)
    lines = ["graph TD"]
    for sha, entry in registry.models.items():
        bundle = load_bundle(models_dir, sha)
        lines.append(f'  m{sha[:12]}["{entry.kind} {_names(registry, sha)}<br/>{sha[:12]}"]')
        corpus = f"c{bundle.corpus[:12]}"
        if entry.kind != "quantized":
            lines.append(f'  {corpus}(["corpus {bundle.corpus[:12]}"]) --> m{sha[:12]}')
        if entry.parent is not None:
            lines.append(f"  m{entry.parent[:12]} --> m{sha[:12]}")
    return "\n".join(lines) + "\n"


def lineage_page(models_dir: Path) -> str:
    """Return docs/lineage.md."""
    return (
        "# Lineage\n\nWritten by `scripts/mlops/registry.py lineage --format page`; a test compares the two.\n\n"
        f"```text\n{lineage_text(models_dir)}```\n\n```mermaid\n{lineage_mermaid(models_dir)}```\n"
    )


def _names(registry: Registry, sha: str) -> str:
    return ", ".join(f"v{version}" for version, named in registry.versions.items() if named == sha) or "-"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="registry.py", description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("register", help="take a bundle in")
    add.add_argument("folder", type=Path)
    add.add_argument("--parent", help="for a bundle that does not name it (saved by PEFT)")
    up = commands.add_parser("promote", help="give a model a version")
    up.add_argument("model")
    up.add_argument("version")
    up.add_argument("--production", action="store_true")
    small = commands.add_parser("quantize", help="write an INT8 bundle of a model into a folder")
    small.add_argument("model")
    small.add_argument("folder", type=Path)
    commands.add_parser("list", help="list models")
    show = commands.add_parser("show", help="show one model")
    show.add_argument("model")
    line = commands.add_parser("lineage", help="print a model's ancestry")
    line.add_argument("model", nargs="?")
    line.add_argument("--format", choices=("text", "mermaid", "page"), default="text")
    commands.add_parser("verify", help="check every bundle against its SHA")
    return parser


def main() -> int:
    """Run one command; a refusal is one sentence and exit code 2."""
    arguments = _parser().parse_args()
    try:
        return _run(arguments)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 2


def _run(arguments: argparse.Namespace) -> int:
    models_dir: Path = arguments.models
    if arguments.command == "register":
        print(register(models_dir, arguments.folder, parent=arguments.parent))
    elif arguments.command == "promote":
        print(promote(models_dir, arguments.model, arguments.version, production=arguments.production))
    elif arguments.command == "quantize":
        quantize(models_dir, Registry.read(models_dir).resolve(arguments.model), arguments.folder)
    elif arguments.command == "verify":
        for bundle in verify(models_dir):
            print(f"ok {bundle.sha} {bundle.kind}")
    elif arguments.command == "list":
        registry = Registry.read(models_dir)
        for sha, entry in registry.models.items():
            star = " (production)" if sha == registry.production else ""
            print(f"{sha} {entry.kind:9} {_names(registry, sha)}{star}")
    elif arguments.command == "show":
        registry = Registry.read(models_dir)
        print((bundle_path(models_dir, registry.resolve(arguments.model)) / "README.md").read_text("utf-8"))
    elif arguments.format == "text":
        print(lineage_text(models_dir, arguments.model), end="")
    else:
        draw = {"mermaid": lineage_mermaid, "page": lineage_page}[arguments.format]
        print(draw(models_dir), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
