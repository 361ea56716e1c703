"""The ancestry of registered models, from the corpora to the models, as text and as a mermaid graph."""

from pathlib import Path

from minimodel.bundles.bundle import load_bundle
from minimodel.bundles.registry import Registry


def names(registry: Registry, sha: str) -> str:
    """Return the versions of a model, or a dash."""
    return ", ".join(f"v{version}" for version, named in registry.versions.items() if named == sha) or "-"


def lineage_text(models_dir: Path, ref: str | None = None) -> str:
    """Return the ancestry of one model or all, from the corpus down. An adapter is shown with its own corpus."""
    registry = Registry.read(models_dir, unpromoted=True)
    lines: list[str] = []
    for sha in [registry.resolve(ref)] if ref else registry.models:
        chain = registry.lineage(sha)
        lines.append(f"corpus {load_bundle(models_dir, chain[-1]).corpus[:12]}")
        for depth, member in enumerate(reversed(chain), start=1):
            kind = registry.models[member].kind
            own = f" + corpus {load_bundle(models_dir, member).corpus[:12]}" if kind == "adapter" else ""
            lines.append(f"{'  ' * depth}{kind} {member[:12]} {names(registry, member)}{own}")
    return "\n".join(lines) + "\n"


def lineage_mermaid(models_dir: Path) -> str:
    """Return the ancestry of all models as a mermaid graph."""
    registry = Registry.read(models_dir, unpromoted=True)
    lines = ["graph TD"]
    for sha, entry in registry.models.items():
        bundle = load_bundle(models_dir, sha)
        lines.append(f'  m{sha[:12]}["{entry.kind} {names(registry, sha)}<br/>{sha[:12]}"]')
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
