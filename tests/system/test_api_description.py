"""The description at /openapi.json against the running server: schemathesis, every check, a fixed seed."""

import os
import subprocess
from pathlib import Path

import httpx
import pytest
from tests.conftest import ROOT, StartServer

from miniserve.http.keys import new_key

SCHEMATHESIS = ROOT / ".venv-check" / "bin" / "schemathesis"
EXAMPLES = 150


@pytest.mark.parametrize("with_keys", [False, True], ids=["without keys", "with keys"])
def test_the_server_behaves_as_described_and_refuses_everything_else(
    with_keys: bool, start_server: StartServer, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    key = new_key(keys)
    server = start_server(None, **({"KEYS_FILE": str(keys)} if with_keys else {}))
    url = server.address.url
    command = [str(SCHEMATHESIS), "--no-color", "run", f"{url}/openapi.json", "--checks", "all", "--seed", "38"]
    command += ["--max-examples", str(EXAMPLES), "--continue-on-failure"]
    command += ["--header", f"Authorization: Bearer {key}"] if with_keys else []
    environ = os.environ | {"SCHEMATHESIS_HOOKS": "api_hooks", "PYTHONPATH": str(Path(__file__).parent)}

    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stdout
    assert "3 selected / 3 total" in done.stdout
    assert httpx.get(f"{url}/readyz").status_code == 200
