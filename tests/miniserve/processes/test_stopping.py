"""SIGTERM from the first moment on: the server stops as asked, with exit code 0."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.conftest import Routing

from miniserve.processes.local import LocalServer
from miniserve.processes.server_process import SERVER_COMMAND
from miniserve.traffic import Strategy

ASKED_TOO_EARLY = """
import asyncio, os, signal
from miniserve.processes.stopping import StopRequest

stop = StopRequest()
os.kill(os.getpid(), signal.{name})

async def main():
    stopped = asyncio.Event()
    stop.handle(asyncio.get_running_loop(), stopped.set)
    async with asyncio.timeout(10):
        await stopped.wait()

asyncio.run(main())
print("stopped")
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_before_the_event_loop_runs_still_stops_the_server(name: str) -> None:
    command = (sys.executable, "-c", ASKED_TOO_EARLY.replace("{name}", name))

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (0, "stopped\n")


def test_recording_signals_imports_nothing_slow() -> None:
    code = "import sys; import miniserve.processes.stopping; print(*sorted({m.split('.')[0] for m in sys.modules}))"

    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, timeout=60, check=True)

    loaded = set(done.stdout.split()) - sys.stdlib_module_names
    assert {name for name in loaded if not name.startswith(("_", "sitecustomize"))} <= {"miniserve"}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_that_is_stopped_while_it_loads_exits_0(workers: str, tmp_path: Path, routing: Routing) -> None:
    LocalServer(tmp_path, routing(Strategy.SHADOW)).route_file.write(routing(Strategy.SHADOW))
    environ = {
        "LYNX_PORT": "0",
        "LYNX_METRICS_PORT": "0",
        "LYNX_STATE_DIR": str(tmp_path),
        "LYNX_ROUTE_CONFIG": str(tmp_path / "route_config.json"),
    }
    server = subprocess.Popen((*SERVER_COMMAND, "--workers", workers), env=environ, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 120
    while not _catches(server.pid, signal.SIGTERM):
        assert time.monotonic() < until

    server.terminate()
    said = server.communicate(timeout=60)[1]

    assert server.returncode == 0
    assert "Traceback" not in said
    assert list((tmp_path / "journal").glob("*.jsonl")) == []


def _catches(pid: int, number: signal.Signals) -> bool:
    """Tell whether the process has a handler for the signal, see proc(5)."""
    (caught,) = (
        line.split()[1] for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt")
    )
    return bool(int(caught, 16) >> (number - 1) & 1)
