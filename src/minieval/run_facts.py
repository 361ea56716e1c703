"""Facts about a run's environment: versions, source revision, hardware. The driver and the benches record them."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any


def facts(root: Path, outputs: Path) -> dict[str, Any]:
    """Return the facts about a run in the working copy `root`; `outputs` is the folder of its results."""
    return {
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("ctranslate2", "tokenizers", "numpy", "scipy")},
        },
        "git": _git(root, outputs),
        "hardware": {
            "machine": platform.machine(),
            "system": platform.system(),
            "cpu": _cpu(),
            "cores": os.cpu_count(),
        },
    }


def _git(root: Path, outputs: Path) -> dict[str, Any]:
    def run(*words: str) -> str | None:
        try:
            done = subprocess.run(("git", *words), cwd=root, capture_output=True, text=True, check=True)  # noqa: S603, S607 - whichever git the user has
        except (OSError, subprocess.CalledProcessError):  # running from an archive without git history is fine
            return None
        return done.stdout.strip()

    # A run's own outputs do not make its source dirty.
    status = run("status", "--porcelain", "--", ".", f":!{outputs.relative_to(root)}")
    return {"revision": run("rev-parse", "HEAD"), "dirty": None if status is None else bool(status)}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
