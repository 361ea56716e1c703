"""The example: its README's commands run as they stand, and end as it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from minieval.grading.identity import REPOSITORY
from minieval.report.document import from_json

EXAMPLE = REPOSITORY / "examples" / "arithmetic"
README = (EXAMPLE / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("option", "code", "reason"),
    [
        ("", 20, "B is significantly worse on a slice: signs - (0 improved, 26 regressed"),
        (" --repaired", 0, "B is more accurate than A"),
    ],
)
def test_the_commands_of_its_readme_end_as_it_says(tmp_path: Path, option: str, code: int, reason: str) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "arithmetic", ignore=shutil.ignore_patterns("logs", "__pycache__"))
    commands = re.findall(r"```\n(.*?)```", README, re.DOTALL)[0]
    commands = commands.replace("../../.venv/bin/python", sys.executable).replace("cd examples/", "cd ")
    commands = commands.replace("make_logs.py logs", f"make_logs.py logs{option}")

    done = subprocess.run(
        ["/bin/sh", "-ec", commands],
        cwd=tmp_path,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (code, "")
    report = from_json((tmp_path / "arithmetic" / "logs" / "report" / "report.json").read_bytes())
    assert report.reasons[0].startswith(reason)
    assert report.identity is not None
    assert report.identity.grader == "grader:grade"
    assert report.disagreement is not None
    assert {move.b for move in report.disagreement.transitions} <= {"correct", "wrong sign"}
