"""The gate's workflows: what they name exists, and the step that judges ends as the verdict does.

What only GitHub can tell (its runners, its artefacts) is not tested here.
"""

import os
import re
import subprocess
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # ships no types
from tests.minieval.synthetic_lab import SyntheticLab

from minieval.grading.identity import REPOSITORY

FOLDER = REPOSITORY / ".github" / "workflows"
NAMES = sorted(path.name for path in FOLDER.glob("*.yml"))
Workflow = dict[str, Any]


def read(name: str) -> Workflow:
    parsed = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    # YAML 1.1 reads the key `on` as true.
    return {"on" if key is True else key: value for key, value in parsed.items()}


def steps(workflow: Workflow) -> list[Workflow]:
    return list(chain.from_iterable(job.get("steps", []) for job in workflow["jobs"].values()))


@pytest.mark.parametrize("name", NAMES)
def test_every_workflow_has_the_required_parts(name: str) -> None:
    workflow = read(name)

    assert set(workflow) == {"name", "on", "permissions", "jobs"}
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert ("uses" in job) != ({"runs-on", "timeout-minutes", "steps"} <= set(job))
        needed = job.get("needs", [])
        assert set([needed] if isinstance(needed, str) else needed) <= set(workflow["jobs"])
    assert all(("uses" in step) != ("run" in step) for step in steps(workflow))


@pytest.mark.parametrize("name", NAMES)
def test_third_party_actions_are_pinned_to_a_commit(name: str) -> None:
    used = [step["uses"] for step in steps(read(name)) if "uses" in step]

    assert used
    assert [action for action in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action)] == []


@pytest.mark.parametrize("name", NAMES)
def test_scripts_are_valid_shell_and_call_existing_recipes(name: str) -> None:
    recipes = re.findall(
        r"^([a-z][a-z-]*)[^:\n]*:", (REPOSITORY / "Justfile").read_text(encoding="utf-8"), re.MULTILINE
    )
    for script in (step["run"] for step in steps(read(name)) if "run" in step):
        assert subprocess.run(["/bin/bash", "-n"], input=script, text=True, check=False).returncode == 0
        assert set(re.findall(r"\./just ([a-z-]+)", script)) <= set(recipes)
        # An expression inside a script is read by the shell, whoever wrote its value.
        assert "${{" not in script


def test_the_gate_passes_the_inputs_that_the_judge_requires() -> None:
    gate, judge = read("gate.yml"), read("judge.yml")
    inputs = judge["on"]["workflow_call"]["inputs"]
    call = gate["jobs"]["judge"]

    assert (REPOSITORY / call["uses"]).samefile(FOLDER / "judge.yml")
    required = {name for name, declared in inputs.items() if declared.get("required")}
    assert required <= set(call["with"]) <= set(inputs)
    assert all((REPOSITORY / call["with"][name]).exists() for name in ("eval-set", "baseline"))
    (uploaded,) = (step["with"] for step in steps(gate) if "upload-artifact" in step.get("uses", ""))
    assert uploaded["name"] == call["with"]["artifact"]
    files = [REPOSITORY / path for path in uploaded["path"].split()]
    assert {path.name for path in files} == {call["with"]["log"], call["with"]["manifest"]}
    assert all(path.exists() for path in files)
    used = set(re.findall(r"\$\{\{ inputs\.([a-z-]+) \}\}", (FOLDER / "judge.yml").read_text(encoding="utf-8")))
    assert used == set(inputs)


@pytest.mark.parametrize(
    ("table", "manifest", "code"),
    [
        ((150, 26, 6, 18), "manifest.json", 0),
        ((160, 12, 6, 22), "manifest.json", 10),
        ((150, 4, 24, 22), "manifest.json", 20),
        # Without a manifest, every item of the eval set counts as planned, and half of them are missing.
        ((150, 26, 6, 18), "", 3),
        ((150, 26, 6, 18), "nothing.json", 2),
    ],
)
def test_the_step_that_judges_fails_on_anything_but_promote(
    tmp_path: Path, table: tuple[int, int, int, int], manifest: str, code: int
) -> None:
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    SyntheticLab(evidence, table).arguments()
    (step,) = (step for step in steps(read("judge.yml")) if step.get("name") == "Judge")
    asked = {"LOG": "traffic.log", "EVAL_SET": str(evidence / "eval.jsonl"), "MANIFEST": manifest}
    asked |= {"BASELINE": str(evidence / "baseline.json"), "GRADER": ""}
    assert set(asked) == set(step["env"])

    done = subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=REPOSITORY,
        env={**os.environ, **asked, "RUNNER_TEMP": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code
    assert (tmp_path / "report" / "report.md").exists() == (code != 2)


@pytest.mark.parametrize(
    ("changes", "models", "judge", "passes"),
    [
        ("success", "true", "success", True),
        ("success", "false", "skipped", True),
        ("success", "true", "failure", False),
        ("success", "true", "skipped", False),  # the lab failed, so nothing was judged
        ("success", "true", "cancelled", False),
        ("failure", "", "skipped", False),
        ("cancelled", "", "skipped", False),
    ],
)
def test_the_required_check_passes_on_promote_or_if_no_model_changed(
    changes: str, models: str, judge: str, passes: bool
) -> None:
    verdict = read("gate.yml")["jobs"]["verdict"]
    (step,) = verdict["steps"]

    done = subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env={**os.environ, "CHANGES": changes, "MODELS": models, "JUDGE": judge},
        capture_output=True,
        check=False,
    )

    assert verdict["if"] == "${{ always() }}"
    assert set(verdict["needs"]) == {"changes", "lab", "judge"}
    assert (done.returncode == 0) == passes
