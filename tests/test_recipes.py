"""The recipes and the launcher: exit codes that the README promises."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def _recipes() -> dict[str, list[str]]:
    """Return the kinds of the parameters without a default, by recipe, as just itself reads them."""
    command = (str(Path(sys.executable).with_name("just")), "--justfile", str(ROOT / "Justfile"))
    dumped = subprocess.run((*command, "--dump", "--dump-format", "json"), capture_output=True, check=True).stdout
    return {
        name: [parameter["kind"] for parameter in recipe["parameters"] if parameter["default"] is None]
        for name, recipe in json.loads(dumped)["recipes"].items()
    }


@pytest.mark.parametrize(("recipe", "kinds"), _recipes().items())
def test_no_recipe_relies_on_just_for_missing_arguments(recipe: str, kinds: list[str]) -> None:
    assert set(kinds) <= {"star"}


def test_the_launchers_serve_exits_0_after_sigterm(tmp_path: Path) -> None:
    shutil.copy(ROOT / "just", tmp_path / "just")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "venv.sh").write_text("", encoding="utf-8")  # this environment is current
    (tmp_path / ".venv").symlink_to(sys.prefix)
    shutil.copy(ROOT / "Justfile", tmp_path / "Justfile")
    environ = os.environ | {
        "PYTHONPATH": str(ROOT / "src"),
        "LYNX_PORT": "0",
        "LYNX_METRICS_PORT": "0",
        "LYNX_MODELS_DIR": str(ROOT / "models"),
    }
    server = subprocess.Popen((tmp_path / "just", "serve"), env=environ, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not (tmp_path / "state" / "server.json").exists():
        assert server.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)

    server.send_signal(signal.SIGTERM)
    said = server.communicate(timeout=60)[1]

    assert server.returncode == 0
    assert '"stopped"' in said
