"""The block of commands in the README's section on using the server works when it is pasted into a shell."""

import json
import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Generous, for a busy machine: it only ends a block that hangs.
TIME_LIMIT_S = 180


def _free_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


def _block() -> str:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## Use the server\n")[1]
    return section.split("\n```\n")[1]


def test_the_pasted_block_prints_the_line_of_its_request_with_both_answers(tmp_path: Path) -> None:
    port, metrics_port = _free_port(), _free_port()
    # The real recipes, in this environment and without their step that installs it.
    programs = Path(sys.executable).parent
    justfile = tmp_path / "Justfile"
    justfile.write_text((ROOT / "Justfile").read_text(encoding="utf-8").replace(".venv/bin", str(programs)))
    just = shlex.join(
        (str(programs / "just"), "--no-deps", "--justfile", str(justfile), "--working-directory", str(ROOT))
    )
    block = _block().replace("./just", just).replace(":8080", f":{port}").replace(":9464", f":{metrics_port}")
    environ = os.environ | {
        "LYNX_PORT": port,
        "LYNX_METRICS_PORT": metrics_port,
        "LYNX_STATE_DIR": str(tmp_path),
        "LYNX_ROUTE_CONFIG": str(tmp_path / "route_config.json"),
        "PYTHONPATH": str(ROOT / "src"),
    }
    # A command that fails ends the block, and the server with it, instead of leaving a loop that waits for ever.
    start = "set -em\ntrap 'kill %1 2>/dev/null || true' EXIT\n"
    script = f"{start}{block.replace('state/traffic.log', str(tmp_path / 'traffic.log'))}\n"

    done = subprocess.run(
        ("/bin/bash", "-c", script),
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_S,
        check=False,
    )

    records = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"schema"')]
    assert [(record["response_A"], record["response_B"]) for record in records] == [
        ("She goed to school.", "She went to school.")
    ], done.stderr
