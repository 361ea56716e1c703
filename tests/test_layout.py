"""The layout of src/: folders are small and explain themselves, and lists of files name existing ones."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = sorted(path.parent for path in (ROOT / "src").rglob("__init__.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MUTMUT = PROJECT["tool"]["mutmut"]
# Beyond this, a newcomer no longer sees a folder at a glance.
MOST_MODULES = 10
# Folders that are larger today. These numbers may only fall.
LARGER = {"minieval": 11, "minieval/report": 11}


def _modules(package: Path) -> list[Path]:
    return [path for path in package.glob("*.py") if not path.name.startswith("__")]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_every_folder_has_a_docstring(package: Path) -> None:
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""

    # A folder of one or two modules needs only a title.
    assert len(docstring.splitlines()) >= (2 if len(_modules(package)) > 2 else 1)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_a_folder_has_at_most_ten_modules(package: Path) -> None:
    names = sorted(path.name for path in _modules(package))

    assert len(names) <= LARGER.get(str(package.relative_to(ROOT / "src")), MOST_MODULES), names


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_a_docstring_names_only_modules_and_folders_that_exist(package: Path) -> None:
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""

    named = re.findall(r"(?<![\w/.])[a-z_]+(?:/(?!\w)|(?:/[a-z_]+)*\.py)", docstring)

    places = (package, package.parent, ROOT / "src")
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_every_package_folder_has_an_init() -> None:
    folders = {path.parent for path in (ROOT / "src").rglob("*.py")}

    assert sorted(folders - set(PACKAGES)) == []


@pytest.mark.parametrize("name", ["only_mutate", "pytest_add_cli_args_test_selection"])
def test_every_file_that_mutation_testing_names_exists_once(name: str) -> None:
    paths = MUTMUT[name]

    assert [path for path in paths if not (ROOT / path).is_file()] == []
    assert len(paths) == len(set(paths))
