"""Start-up: errors stop the server with one sentence, and a shadow never stops it."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.conftest import MODELS, Routing, StartServer, correct

from minimodel.bundles.registry import Registry
from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.traffic import Strategy

UNKNOWN = "f" * 64


def _start(folder: Path, *arguments: str, config: str | None = None, **settings: str) -> tuple[int, str]:
    """Run a server that is expected to refuse; returns its exit code and what it said."""
    (folder / "route_config.json").unlink(missing_ok=True)
    if config is not None:
        (folder / "route_config.json").write_text(config, encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LYNX_")}
    environ |= {"LYNX_PORT": "0", "LYNX_METRICS_PORT": "0", "LYNX_STATE_DIR": str(folder / "state")}
    environ |= {"LYNX_ROUTE_CONFIG": str(folder / "route_config.json"), "LYNX_MODELS_DIR": str(MODELS)}
    environ |= {f"LYNX_{name}": value for name, value in settings.items()}
    command = (sys.executable, "-m", "miniserve", *arguments)
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


def test_a_traffic_log_on_a_closed_stdout_is_refused(tmp_path: Path) -> None:
    script = "import os, sys; os.close(1); os.execv(sys.executable, [sys.executable, '-m', 'miniserve'])"
    environ = os.environ | {"LYNX_TRAFFIC_LOG": "-", "LYNX_STATE_DIR": str(tmp_path / "state"), "LYNX_PORT": "0"}

    done = subprocess.run(
        (sys.executable, "-c", script), env=environ, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )

    assert done.returncode == 2
    assert "LYNX_TRAFFIC_LOG is '-', but stdout is closed" in done.stderr


def test_a_non_loopback_address_needs_keys(tmp_path: Path) -> None:
    code, said = _start(tmp_path, HOST="0.0.0.0")  # noqa: S104 - refused, which is the point

    assert code == 2
    assert "LYNX_HOST is '0.0.0.0', not a loopback address: expected LYNX_KEYS_FILE too, or --insecure" in said


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"PROT": "1"}, "unknown setting LYNX_PROT"),
        ({"KEYS_FILE": "/nowhere/keys"}, "the keys file /nowhere/keys cannot be read"),
        ({"MODELS_DIR": "/nowhere"}, "registry.json"),
        ({"STATE_DIR": "/proc/nowhere"}, "LYNX_STATE_DIR is '/proc/nowhere'"),
        ({"HOST": "256.1.1.1", "KEYS_FILE": ""}, "LYNX_KEYS_FILE is ''"),
    ],
)
def test_an_invalid_setting_stops_the_start_with_one_sentence(
    settings: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    code, said = _start(tmp_path, **settings)

    assert (code, "Traceback" in said, len(said.splitlines())) == (2, False, 1)
    assert sentence in said


def test_an_address_that_is_not_ours_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    code, said = _start(tmp_path, "--insecure", HOST="256.1.1.1")

    assert (code, "Traceback" in said) == (2, False)
    assert "cannot listen on 256.1.1.1 port 0" in said


def test_a_configuration_with_a_typo_stops_the_start_with_one_sentence(tmp_path: Path, routing: Routing) -> None:
    code, said = _start(tmp_path, config='{"stratgy": "shadow"}')

    assert (code, len(said.splitlines())) == (2, 1)
    assert "route_config.json: unknown key 'stratgy'" in said


def test_a_production_model_that_does_not_load_ends_the_start_with_one_sentence(
    tmp_path: Path, registry: Registry
) -> None:
    models = tmp_path / "models"
    shutil.copytree(MODELS, models, ignore=shutil.ignore_patterns("staging"))
    with (models / registry.production / "tokenizer.json").open("ab") as file:
        file.write(b" x")

    code, said = _start(tmp_path, MODELS_DIR=str(models))

    sentences = [line for line in said.splitlines() if not line.startswith("{")]
    assert (code, len(sentences)) == (1, 1)
    assert sentences[0].startswith(f"miniserve: model {registry.production} does not load")


def test_a_production_arm_that_the_registry_lacks_stops_the_start(start_server: StartServer, routing: Routing) -> None:
    config = routing(Strategy.SHADOW)

    with pytest.raises(Exception, match=f"arms.A is {UNKNOWN}: expected a model of the registry"):
        start_server(replace(config, arms={**config.arms, "A": UNKNOWN}))


def test_a_shadow_arm_that_the_registry_lacks_never_stops_the_server(
    start_server: StartServer, routing: Routing, single_server: LocalServer
) -> None:
    config = routing(Strategy.SHADOW)
    # Patient, because on a busy machine B's process takes its time to find out that there is no such model.
    arms = {**config.arms, "B": UNKNOWN}
    server = start_server(replace(config, arms=arms), SHADOW_TIMEOUT_MS="120000", DRAIN_MS="120000")

    reply = correct(server, "He goed home.", "one")
    server.stop(150)

    assert reply.content == correct(single_server, "He goed home.", "one").content
    (record,) = read_log(server.traffic_log).records
    assert record.results["B"].status == "error"
    assert "failed to load" in (record.results["B"].reason or "")


def test_without_a_configuration_the_registrys_production_model_serves(
    start_server: StartServer, registry: Registry
) -> None:
    server = start_server(None)

    details = server.details()

    assert details["route"]["strategy"] == "single"
    assert details["route"]["arms"] == {"A": registry.production}


def test_keys_are_required_if_there_is_a_keys_file(start_server: StartServer, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(hashlib.sha256(b"a-secret-key").hexdigest(), encoding="ascii")
    server = start_server(None, KEYS_FILE=str(keys))
    url, body = server.address.url + "/v1/grammar/correct", {"sentence": "He goed home."}

    without = httpx.post(url, json=body)
    with_key = httpx.post(url, json=body, headers={"Authorization": "Bearer a-secret-key"})

    assert (without.status_code, without.headers["www-authenticate"]) == (401, "Bearer")
    assert with_key.status_code == 200


def test_a_rate_limit_answers_429_with_retry_after(start_server: StartServer) -> None:
    server = start_server(None, RATE_PER_S="1")

    replies = [correct(server, "He goed home.") for _ in range(3)]

    assert 429 in [reply.status_code for reply in replies]
    assert {reply.headers["retry-after"] for reply in replies if reply.status_code == 429} == {"1"}


HEAD = b"POST /v1/grammar/correct HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n"


def _connect(server: LocalServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.address.port), timeout=30)


def test_a_body_that_never_completes_is_408(start_server: StartServer) -> None:
    server = start_server(None, BODY_MS="200")

    with _connect(server) as client:
        client.sendall(HEAD + b"\r\n{")
        answer = client.recv(4096)

    assert answer.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("sent", [b"", b"POST", HEAD])
def test_headers_that_never_complete_are_408(sent: bytes, start_server: StartServer) -> None:
    server = start_server(None, HEAD_MS="200")

    with _connect(server) as client:
        client.sendall(sent)
        answer = client.recv(4096)

    assert answer.startswith(b"HTTP/1.1 408")


def test_endless_headers_are_431(single_server: LocalServer) -> None:
    with _connect(single_server) as client:
        client.sendall(HEAD + b"X: " + b"a" * 40_000)
        answer = client.recv(4096)

    assert answer.startswith(b"HTTP/1.1 431")


def test_clients_that_send_no_body_take_no_places(start_server: StartServer) -> None:
    server = start_server(None, MAX_INFLIGHT="1")

    with _connect(server) as idle:
        idle.sendall(HEAD + b"\r\n{")

        assert correct(server, "He goed home.").status_code == 200
        assert httpx.get(f"{server.address.url}/readyz").status_code == 200


def test_a_forwarded_address_does_not_escape_the_rate_limit(start_server: StartServer) -> None:
    server = start_server(None, RATE_PER_S="1")
    url, body = server.address.url + "/v1/grammar/correct", {"sentence": "He goed home."}

    replies = [httpx.post(url, json=body, headers={"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(3)]

    assert 429 in [reply.status_code for reply in replies]


def test_a_server_without_stderr_serves_and_logs_traffic(tmp_path: Path, routing: Routing) -> None:
    closed = ("sh", "-c", 'exec "$0" -m miniserve 2>&-', sys.executable)

    with LocalServer(tmp_path, routing(Strategy.SINGLE), command=closed) as server:
        replies = [correct(server, "He goed home.").status_code for _ in range(3)]
        stderr = Path(f"/proc/{server.address.pid}/fd/2").readlink()
        code = server.stop()

    assert (replies, code) == ([200] * 3, 0)
    assert stderr == Path("/dev/null")  # not the log, which libraries would print into
    assert len(read_log(server.traffic_log).records) == 3


def test_every_line_on_stderr_is_json_even_about_malformed_http(start_server: StartServer) -> None:
    server = start_server(None)
    with _connect(server) as client:
        client.sendall(b"NONSENSE\r\n\r\n")
        client.recv(4096)
    server.stop()

    lines = (server.folder / "stderr.log").read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if not line.startswith("{")] == []


def test_a_stopping_server_does_not_remove_another_servers_address(start_server: StartServer) -> None:
    server = start_server(None)
    address = server.folder / "server.json"
    another = address.read_text(encoding="utf-8").replace(f"{server.address.pid}", "1")
    address.write_text(another, encoding="utf-8")

    server.stop()

    assert address.read_text(encoding="utf-8") == another


def test_an_unusable_variable_of_opentelemetry_stops_the_start_with_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "many")

    code, said = _start(tmp_path)

    assert (code, len(said.splitlines())) == (2, 1)
    assert "a variable of OpenTelemetry is unusable" in said
