"""The stages of dvc.yaml name the modules they run: compared with what is really imported."""

import ast
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped] # ships no types

ROOT = Path(__file__).resolve().parents[2]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]
GENERATOR = {"corpus": "src/minicorpus/corpus.py", "evalset": "src/minicorpus/evalset.py",
             "table": "src/minicorpus/grid.py"}  # fmt: skip
# One command line serves all three generators, so its other imports are none of a stage's own; the table's is fixed.
COMMAND = "src/minicorpus/__main__.py"
# The hash of the text, and the eval set itself, stand for the package that makes them.
STANDS_FOR = {"data/processed/corpus.json": "src/minicorpus/", "data/eval/phase-20.jsonl": "src/minicorpus/"}
# Sentences of errors decide no byte of an output.
DECIDES_NOTHING = {"src/minimodel/errors.py"}


def _file(module: str) -> Path | None:
    for root in (ROOT / "src", ROOT):
        path = root / f"{module.replace('.', '/')}.py"
        if path.exists():
            return path
    return None


def _imported(path: Path) -> set[Path]:
    """Return our own modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {found for name in names if (found := _file(name)) is not None}


def closure(start: Path) -> set[str]:
    """Return the paths of a file and of all that it imports, directly or not."""
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
    start = _file(module) or ROOT / module
    stands = tuple(package for file, package in STANDS_FOR.items() if file in STAGES[name]["deps"])
    return {path for path in closure(start) if not path.startswith(stands)} - DECIDES_NOTHING


@pytest.mark.parametrize("name", list(STAGES))
def test_a_stage_names_every_module_that_it_imports_and_no_other(name: str) -> None:
    named = {dep for dep in STAGES[name]["deps"] if dep.endswith(".py")}

    assert named == _needed(name)


def test_the_closure_follows_imports_of_imports() -> None:
    found = closure(ROOT / "src/minicorpus/mistakes.py")

    assert found == {"src/minicorpus/mistakes.py", "src/minicorpus/grid.py"}
    assert "src/minicorpus/vocabulary/fresh.py" in closure(ROOT / "src/minicorpus/evalset.py")
    assert "src/minimodel/errors.py" in closure(ROOT / "scripts/mlops/score.py")


@pytest.mark.parametrize("name", list(STAGES))
def test_dependencies_exist_and_stand_in_order(name: str) -> None:
    deps = STAGES[name]["deps"]

    assert deps == sorted(deps)
    assert all((ROOT / dep).exists() for dep in deps)
