"""What a run depended on besides its inputs: versions, source revision, hardware."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def facts() -> dict[str, Any]:
    """Return the facts as the manifest's `run` section holds them."""
    return {
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("ctranslate2", "tokenizers", "numpy", "scipy", "statsmodels")},
        },
        "git": _git(),
        "hardware": {
            "machine": platform.machine(),
            "system": platform.system(),
            "cpu": _cpu(),
            "cores": os.cpu_count(),
        },
    }


def _git() -> dict[str, Any]:
    def run(*words: str) -> str | None:
        try:
            done = subprocess.run(("git", *words), cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603, S607 - whichever git the user has
        except (OSError, subprocess.CalledProcessError):  # an archive without its history is a fine place to run
            return None
        return done.stdout.strip()

    # The lab's own outputs are not part of what produced them.
    status = run("status", "--porcelain", "--", ".", f":!{HERE.relative_to(ROOT)}")
    return {"revision": run("rev-parse", "HEAD"), "dirty": None if status is None else bool(status)}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
