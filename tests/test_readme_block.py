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
    # The real recipes, with this interpreter and without their step that installs the environment.
    just = shlex.join((str(Path(sys.executable).with_name("just")), "--no-deps", "--set", "python", sys.executable))
    block = _block().replace("./just", just).replace(":8080", f":{port}").replace(":9464", f":{metrics_port}")
    environ = os.environ | {
        "LYNX_PORT": port,
        "LYNX_METRICS_PORT": metrics_port,
        "LYNX_STATE_DIR": str(tmp_path),
        "LYNX_ROUTE_CONFIG": str(tmp_path / "route_config.json"),
        "PYTHONPATH": str(ROOT / "src"),
    }
    script = f"set -m\n{block.replace('state/traffic.log', str(tmp_path / 'traffic.log'))}\nwait\n"

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
