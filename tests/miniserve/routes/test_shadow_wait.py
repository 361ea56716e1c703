"""`shadow-on` returns once the running server's shadow has loaded, and says what it waits for."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import MODELS, Routing, StartServer, correct

from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.traffic import Strategy


def _environ(state: Path, route_file: Path) -> dict[str, str]:
    return os.environ | {
        "LYNX_STATE_DIR": str(state),
        "LYNX_ROUTE_CONFIG": str(route_file),
        "LYNX_MODELS_DIR": str(MODELS),
    }


def _command(*more: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "miniserve.routes.switch", "shadow-on", "v0.1.0", "v0.3.0", *more)


def _shadow_on(server: LocalServer, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(*more),
        env=_environ(server.folder, server.route_file.path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_after_shadow_on_the_next_request_is_shadowed(
    workers: str, start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.SINGLE), WORKERS=workers)

    done = _shadow_on(server)
    up = server.details()["shadow"]["up"]
    correct(server, "He goed home.", "one")
    server.stop()

    assert (done.returncode, up) == (0, True)
    assert "the shadow has loaded after" in done.stderr
    (record,) = read_log(server.traffic_log).records
    assert record.results["B"].status == "ok"


def test_a_shadow_that_does_not_load_ends_the_wait_with_its_reason(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SINGLE), fault="fails-to-load")

    done = _shadow_on(server)

    assert done.returncode == 1
    assert "shadow-on: the shadow failed to load (" in done.stderr
    assert server.details()["route"]["strategy"] == "shadow"


def test_no_wait_returns_at_once(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SINGLE), fault="fails-to-load")

    done = _shadow_on(server, "--no-wait")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("left_behind", ["", "{", '{"pid": 1, "port": 1, "metrics_port": 1}'])
def test_without_a_running_server_it_says_so_and_returns(left_behind: str, tmp_path: Path) -> None:
    if left_behind:
        (tmp_path / "server.json").write_text(left_behind, encoding="utf-8")

    done = subprocess.run(
        _command(), env=_environ(tmp_path, tmp_path / "r.json"), capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0
    assert "no server is running" in done.stderr


def test_ctrl_c_ends_the_wait_with_one_line(start_server: StartServer, routing: Routing, tmp_path: Path) -> None:
    server = start_server(routing(Strategy.SINGLE))
    # The server follows another file, so this wait lasts.
    environ = _environ(server.folder, tmp_path / "elsewhere.json")
    with subprocess.Popen(
        _command(), env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as wait:
        assert wait.stderr is not None
        first = wait.stderr.readline()

        wait.send_signal(signal.SIGINT)
        rest = wait.stderr.read()

    assert "waiting for the shadow to load" in first
    assert (wait.returncode, rest) == (130, "shadow-on: stopped waiting; the configuration is written\n")
