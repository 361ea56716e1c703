"""The lists in the documents match the code."""

import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from miniserve.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
THREATS = (ROOT / "security" / "THREATS.md").read_text(encoding="utf-8")
BLUEPRINT = (ROOT / "src" / "miniserve" / "BLUEPRINT.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def recipes() -> dict[str, str | None]:
    """Return every public recipe and its comment, as just itself reads them."""
    command = (
        str(Path(sys.executable).with_name("just")),
        "--justfile",
        str(ROOT / "Justfile"),
        "--dump",
        "--dump-format",
        "json",
    )
    dumped = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {name: recipe["doc"] for name, recipe in dumped["recipes"].items() if not recipe["private"]}


def _section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def _rows(text: str) -> list[list[str]]:
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def _shown(default: object) -> str:
    if default is None:
        return "unset"
    return str(int(default)) if isinstance(default, bool) else str(default)


def test_the_readme_lists_every_setting_with_its_default_and_meaning() -> None:
    documented = [
        [name.strip("`"), default.strip("`"), meaning] for name, default, meaning in _rows(_section("Settings"))
    ]

    assert documented == [
        [PREFIX + item.name.upper(), _shown(item.default), item.metadata["meaning"]] for item in fields(Settings)
    ]


def test_the_readme_lists_every_recipe_with_its_comment(recipes: dict[str, str | None]) -> None:
    documented = {name.strip("`").split()[0]: meaning for name, meaning in _rows(_section("Recipes"))}

    assert documented == recipes


def test_every_recipe_has_a_comment(recipes: dict[str, str | None]) -> None:
    assert [name for name, comment in recipes.items() if not comment] == []


def test_the_readme_begins_with_the_two_commands() -> None:
    top = README.splitlines()[:12]

    assert [line.split("#")[0].strip() for line in top if line.startswith("./just")] == ["./just demo", "./just test"]


def test_every_path_of_the_file_map_exists() -> None:
    paths = [path for row in _rows(_section("What is where")) for path in re.findall(r"`([^`]+)`", row[0])]

    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_package_is_on_the_file_map() -> None:
    mapped = re.findall(r"`([^`]+)`", _section("What is where"))
    packages = {f"src/{path.name}/" for path in (ROOT / "src").iterdir() if (path / "__init__.py").exists()}

    assert packages <= set(mapped)
    assert {"experiments/38-shadow-ab/", "data/", "models/", "tests/"} <= set(mapped)


def test_every_file_of_the_server_is_in_the_blueprint() -> None:
    package = ROOT / "src" / "miniserve"
    files = {str(path.relative_to(package)) for path in package.rglob("*.py") if path.name != "__init__.py"}

    table = [line for line in BLUEPRINT.split("## Parts")[1].split("## Invariants")[0].splitlines() if line[:1] == "|"]
    named = re.findall(r"`([a-z_/]+\.py)`", "\n".join(table))

    assert sorted(named) == sorted(files)
    assert "## Phase 38 extensions" in BLUEPRINT


@pytest.mark.parametrize("reference", sorted(set(re.findall(r"`(tests/[^`]+)`", THREATS))))
def test_every_test_that_a_threat_names_exists(reference: str) -> None:
    path, _, name = reference.partition("::")

    text = (ROOT / path).read_text(encoding="utf-8")

    assert f"def {name}(" in text if name else "def test_" in text


def test_every_verified_threat_names_a_test() -> None:
    # A state can be qualified: "verified (x86_64 only)", "partial: ...".
    states = [(row[0], re.split(r"[ :]", row[3])[0], row[4]) for row in _rows(THREATS)]

    assert {state for _, state, _ in states} <= {"verified", "partial", "open"}
    assert [identity for identity, state, test in states if state == "verified" and "tests/" not in test] == []


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "src/miniserve/BLUEPRINT.md",
        "docs/judge.md",
        "examples/arithmetic/README.md",
        "experiments/38-shadow-ab/README.md",
    ],
)
def test_every_link_within_the_repository_works(document: str) -> None:
    path = ROOT / document
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8"))

    assert [link for link in links if not (path.parent / link).exists()] == []


def test_no_tracked_file_is_over_5_mb() -> None:
    listed = subprocess.run(("git", "ls-files", "-z"), cwd=ROOT, capture_output=True, check=False)  # noqa: S607
    # In an archive without its history, everything outside the environments counts.
    everything = (path for path in ROOT.rglob("*") if not path.relative_to(ROOT).parts[0].startswith("."))
    tracked = (ROOT / name.decode() for name in listed.stdout.split(b"\0") if name)

    paths = everything if listed.returncode else tracked

    assert [path.name for path in paths if path.is_file() and path.stat().st_size > 5 * 2**20] == []
