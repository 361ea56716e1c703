"""Changes and shows the registry of models: register, promote, quantize, list, show, lineage, verify."""

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from scripts.mlops.intake import content_of, register, write  # noqa: E402 - found through the path above
from scripts.mlops.lineage import lineage_mermaid, lineage_page, lineage_text, names  # noqa: E402 - as above

from minimodel.bundles.bundle import MANIFEST, TOKENIZER, Bundle, bundle_path, load_bundle  # noqa: E402 - as above
from minimodel.bundles.registry import SEMVER_PATTERN, Registry  # noqa: E402 - as above
from minimodel.errors import ModelError, RegistryRefused  # noqa: E402 - as above
from minimodel.inference.engine import check_servable  # noqa: E402 - as above

MODELS: Final = ROOT / "models"


def promote(models_dir: Path, ref: str, version: str, *, production: bool = False) -> str:
    """Give a registered model a version, permanently, and return its SHA."""
    content = content_of(models_dir)
    version = version.removeprefix("v")
    if SEMVER_PATTERN.fullmatch(version) is None:
        raise RegistryRefused("version", version, "three numbers such as 0.1.0")
    sha = Registry.read(models_dir, unpromoted=True).resolve(ref)
    if content["versions"].get(version, sha) != sha:
        raise RegistryRefused(
            f"version {version}", content["versions"][version], f"an unused version, or one that already names {sha}"
        )
    load_bundle(models_dir, sha)
    content["versions"][version] = sha
    if production or content["production"] is None:
        content["production"] = version
    write(models_dir, content)
    return sha


def quantize(models_dir: Path, parent: str, folder: Path) -> None:
    """Write a quantized bundle: it names its parent and the quantisation, and has no tensors."""
    above = load_bundle(models_dir, parent)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(bundle_path(models_dir, parent) / TOKENIZER, folder / TOKENIZER)
    (folder / "quantization.json").write_text('{"quantization": "int8"}\n', encoding="utf-8")
    manifest = {"parent": parent, "corpus_sha256": above.corpus}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def verify(models_dir: Path) -> tuple[Bundle, ...]:
    """Read every registered bundle and its lineage. Raises at the first one that contradicts the registry."""
    registry = Registry.read(models_dir, unpromoted=True)
    bundles = tuple(load_bundle(models_dir, sha) for sha in registry.models)
    for bundle in bundles:
        registry.lineage(bundle.sha)
        entry = registry.models[bundle.sha]
        if (entry.kind, entry.parent) != (bundle.kind, bundle.parent):
            said, found = (f"{x.kind} of parent {x.parent}" for x in (entry, bundle))
            raise RegistryRefused(f"model {bundle.sha[:12]}", said, f"{found}, as its bundle says")
        check_servable(models_dir, bundle)
    return bundles


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="registry.py", description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("register", help="register a bundle")
    add.add_argument("folder", type=Path)
    add.add_argument("--parent", help="the parent, for a bundle saved by PEFT, which does not name it")
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
    """Run one command. A refusal prints one sentence and returns 2."""
    arguments = _parser().parse_args()
    try:
        return _run(arguments)
    except (ModelError, OSError) as error:
        print(error, file=sys.stderr)
        return 2


def _run(arguments: argparse.Namespace) -> int:
    models_dir: Path = arguments.models
    if arguments.command == "register":
        print(register(models_dir, arguments.folder, parent=arguments.parent))
    elif arguments.command == "promote":
        print(promote(models_dir, arguments.model, arguments.version, production=arguments.production))
    elif arguments.command == "quantize":
        quantize(models_dir, Registry.read(models_dir, unpromoted=True).resolve(arguments.model), arguments.folder)
    elif arguments.command == "verify":
        for bundle in verify(models_dir):
            print(f"ok {bundle.sha} {bundle.kind}")
    elif arguments.command == "list":
        registry = Registry.read(models_dir, unpromoted=True)
        for sha, entry in registry.models.items():
            star = " (production)" if registry.versions.get(registry.production_version or "") == sha else ""
            print(f"{sha} {entry.kind:9} {names(registry, sha)}{star}")
    elif arguments.command == "show":
        registry = Registry.read(models_dir, unpromoted=True)
        print((bundle_path(models_dir, registry.resolve(arguments.model)) / "README.md").read_text("utf-8"))
    elif arguments.format == "text":
        print(lineage_text(models_dir, arguments.model), end="")
    else:
        draw = {"mermaid": lineage_mermaid, "page": lineage_page}[arguments.format]
        print(draw(models_dir), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
