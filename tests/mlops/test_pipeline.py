"""Compares the dependencies of each stage in dvc.yaml with the modules that it really imports."""

import ast
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped] # ships no types

ROOT = Path(__file__).resolve().parents[2]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]
GENERATOR = {"corpus": "src/minicorpus/corpus.py", "evalset": "src/minicorpus/evalset.py",
             "table": "src/minicorpus/grid.py"}  # fmt: skip
# All three generators share one command, whose other imports do not concern a stage. The table takes no options at all.
COMMAND = "src/minicorpus/__main__.py"
# A stage that depends on an output of minicorpus need not depend on the modules that made it.
COVERS = {"data/processed/corpus.json": "src/minicorpus/", "data/eval/phase-20.jsonl": "src/minicorpus/"}
# Error messages never reach an output.
DECIDES_NOTHING = {"src/minimodel/errors.py"}


def _file(module: str) -> Path | None:
    for root in (ROOT / "src", ROOT):
        path = root / f"{module.replace('.', '/')}.py"
        if path.exists():
            return path
    return None


def _imported(path: Path) -> set[Path]:
    """Return our own modules that a file imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {found for name in names if (found := _file(name)) is not None}


def closure(start: Path) -> set[str]:
    """Return the paths of a file and of everything that it imports, directly or indirectly."""
    seen: set[Path] = set()
    waiting = {start}
    while waiting:
        seen |= waiting
        waiting = set().union(*(_imported(path) for path in waiting)) - seen
    return {str(path.relative_to(ROOT)) for path in seen}


def _needed(name: str) -> set[str]:
    words = STAGES[name]["cmd"].split()
    if name in GENERATOR:
        found = closure(ROOT / GENERATOR[name])
        if name == "corpus":
            found |= closure(ROOT / "src/minicorpus/coverage.py")
        return found if name == "table" else found | {COMMAND}
    module = words[words.index("-m") + 1] if "-m" in words else next(w for w in words if w.endswith(".py"))
    start = _file(module) or _file(f"{module}.__main__") or ROOT / module
    covered = tuple(package for file, package in COVERS.items() if file in STAGES[name]["deps"])
    return {path for path in closure(start) if not path.startswith(covered)} - DECIDES_NOTHING


@pytest.mark.parametrize("name", list(STAGES))
def test_a_stage_depends_on_exactly_the_modules_that_it_imports(name: str) -> None:
    named = {dep for dep in STAGES[name]["deps"] if dep.endswith(".py")}

    assert named == _needed(name)


def test_the_closure_includes_indirect_imports() -> None:
    found = closure(ROOT / "src/minicorpus/mistakes.py")

    assert found == {"src/minicorpus/mistakes.py", "src/minicorpus/grid.py"}
    assert "src/minicorpus/vocabulary/fresh.py" in closure(ROOT / "src/minicorpus/evalset.py")
    assert "src/minimodel/errors.py" in closure(ROOT / "scripts/mlops/score.py")


@pytest.mark.parametrize("name", list(STAGES))
def test_dependencies_exist_and_are_sorted(name: str) -> None:
    deps = STAGES[name]["deps"]

    assert deps == sorted(deps)
    assert all((ROOT / dep).exists() for dep in deps)
