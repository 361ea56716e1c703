"""The grader's hash covers what decides a grade, and nothing that decides one lies outside it."""

import ast
import hashlib
import shutil
from pathlib import Path

import pytest

from minieval.grading.identity import GRADER_FILES, REPOSITORY, grader_sha

OURS = {"minicorpus", "minieval", "minimodel", "miniobserve", "miniserve"}
MODULES = {name.removesuffix(".py").replace("/", ".") for name in GRADER_FILES if name.endswith(".py")}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for path in GRADER_FILES.values():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / path, tmp_path / path)
    return tmp_path


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_the_graders_modules_import_no_other_module_of_ours(module: str) -> None:
    path = REPOSITORY / "src" / (module.replace(".", "/") + ".py")

    ours = {name for name in imported(path) if name.split(".")[0] in OURS}

    assert ours <= MODULES


@pytest.mark.parametrize("path", sorted(GRADER_FILES.values()))
def test_adding_a_byte_to_any_file_changes_the_grader(copy: Path, path: str) -> None:
    before = grader_sha(copy)

    with (copy / path).open("ab") as file:
        file.write(b" ")

    assert grader_sha(copy) != before


def test_line_ends_do_not_change_the_grader(copy: Path) -> None:
    before = grader_sha(copy)

    for path in GRADER_FILES.values():
        (copy / path).write_bytes((copy / path).read_bytes().replace(b"\n", b"\r\n"))

    assert grader_sha(copy) == before == grader_sha()


def test_the_hash_is_the_documented_one(copy: Path) -> None:
    parts = b""
    for name, path in sorted(GRADER_FILES.items()):
        for part in (name.encode(), (copy / path).read_bytes()):
            parts += len(part).to_bytes(8, "big") + part

    assert grader_sha(copy) == hashlib.sha256(parts).hexdigest()


def test_a_missing_file_of_the_grader_is_an_error(copy: Path) -> None:
    (copy / "src/minicorpus/grid.py").unlink()

    with pytest.raises(FileNotFoundError):
        grader_sha(copy)
