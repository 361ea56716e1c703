"""`lynx-ab`: one command for the server, its switches and the judge."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import MODELS

from miniserve.cli import COMMANDS, main
from miniserve.routes.route_file import RouteFile
from miniserve.traffic import Strategy


def test_help_lists_every_command_and_exits_0(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])

    shown = capsys.readouterr().out
    assert end.value.code == 0
    assert [name for name in COMMANDS if name not in shown] == []


def test_help_loads_neither_the_server_nor_the_judge() -> None:
    code = "import sys, miniserve.cli; print(*{m.split('.')[0] for m in sys.modules})"

    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, timeout=60, check=True)

    assert not {"minieval", "minimodel", "structlog", "starlette", "duckdb"} & set(done.stdout.split())


@pytest.mark.parametrize("words", [[], ["unknown"], ["--unknown"]])
def test_wrong_usage_exits_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)

    assert end.value.code == 2
    assert "usage: lynx-ab" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    command = (sys.executable, "-m", "miniserve.cli", name, "--help")

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0
    assert done.stdout.startswith("usage: ")


def test_a_switch_writes_the_route_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LYNX_ROUTE_CONFIG", str(tmp_path / "route_config.json"))
    monkeypatch.setenv("LYNX_MODELS_DIR", str(MODELS))

    assert main(["ab-on", "v0.1.0", "v0.3.0"]) == 0

    config = RouteFile(tmp_path / "route_config.json").read()
    assert config is not None
    assert config.strategy is Strategy.AB


def test_serve_refuses_unusable_settings_with_exit_code_2() -> None:
    command = (sys.executable, "-m", "miniserve.cli", "serve", "--workers", "many")

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert "--workers is 'many': expected a whole number" in done.stderr


def test_the_judge_names_itself_and_reads_the_servers_log_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "items.jsonl").write_text('{"id": "i", "sentence": "q"}\n')

    assert main(["judge", "--items", "items.jsonl", "--grader", "json:loads"]) == 2

    assert capsys.readouterr().err == "lynx-ab judge: state/traffic.log: No such file or directory\n"
