"""Settings from the environment, and the route file: read with care, written whole."""

import json
import os
from pathlib import Path

import pytest

from miniserve.errors import RouteFileError, SettingsError
from miniserve.routes.route_file import RouteFile
from miniserve.settings import Settings
from miniserve.traffic import RouteConfig, Strategy

CONFIG = RouteConfig(Strategy.SHADOW, "prod-2026-05", {"A": "a" * 64, "B": "b" * 64}, "A", "B")


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    settings = Settings.from_environ({"PATH": "/bin", "lynx_port": "1"})

    assert (settings.host, settings.port, settings.metrics_port) == ("127.0.0.1", 8080, 9464)
    assert settings.state_dir == Path("state")


def test_variables_are_read_by_their_type() -> None:
    settings = Settings.from_environ(
        {"LYNX_PORT": "0", "LYNX_STATE_DIR": "elsewhere", "LYNX_TRUST_TRACEPARENT": "0", "LYNX_LOG_LEVEL": "debug"}
    )

    assert (settings.port, settings.state_dir) == (0, Path("elsewhere"))
    assert (settings.trust_traceparent, settings.log_level) == (False, "debug")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("LYNX_PROT", "1", "unknown setting LYNX_PROT: expected one of LYNX_"),
        ("LYNX_PORT", "65536", "LYNX_PORT is '65536': expected a whole number from 0 to 65535"),
        ("LYNX_PORT", "http", "LYNX_PORT is 'http': expected a whole number"),
        ("LYNX_PORT", "1_0", "LYNX_PORT is '1_0': expected a whole number"),
        ("LYNX_PORT", " 0 ", "LYNX_PORT is ' 0 ': expected a whole number"),
        ("LYNX_PORT", "\uff18", "LYNX_PORT is '\uff18': expected a whole number"),
        ("LYNX_PORT", "", "LYNX_PORT is '': expected a whole number"),
        ("LYNX_DEADLINE_MS", "0", "LYNX_DEADLINE_MS is '0': expected a whole number from 1"),
        ("LYNX_TRUST_TRACEPARENT", "yes", "LYNX_TRUST_TRACEPARENT is 'yes': expected 0 or 1"),
        ("LYNX_LOG_LEVEL", "loud", "LYNX_LOG_LEVEL is 'loud': expected one of debug, info, warning, error"),
        ("LYNX_STATE_DIR", " ", "LYNX_STATE_DIR is ' ': expected some text"),
    ],
)
def test_an_unusable_setting_is_refused_with_name_value_and_expectation(name: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environ({name: value})

    assert sentence in str(refusal.value)


def test_a_written_configuration_is_read_back_whole(tmp_path: Path) -> None:
    file = RouteFile(tmp_path / "route_config.json")

    file.write(CONFIG)

    assert file.read() == CONFIG
    assert [path.name for path in tmp_path.iterdir()] == ["route_config.json"]


def test_no_file_is_no_configuration(tmp_path: Path) -> None:
    assert RouteFile(tmp_path / "route_config.json").read() is None


def test_a_change_is_noticed_once_read(tmp_path: Path) -> None:
    file = RouteFile(tmp_path / "route_config.json")
    file.write(CONFIG)
    before_reading = file.changed()
    file.read()
    after_reading = file.changed()
    file.write(CONFIG)

    assert (before_reading, after_reading, file.changed()) == (True, False, True)


def test_a_removed_file_is_a_change(tmp_path: Path) -> None:
    file = RouteFile(tmp_path / "route_config.json")
    file.write(CONFIG)
    file.read()
    file.path.unlink()

    assert file.changed()


def test_an_unusable_file_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "route_config.json"
    path.write_text(json.dumps({**CONFIG.as_json(), "strategy": "shadw"}), encoding="utf-8")

    with pytest.raises(RouteFileError, match=r"route_config\.json: unknown strategy 'shadw'"):
        RouteFile(path).read()


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "route_config.json"
    path.write_bytes(b" " * 70_000)

    with pytest.raises(RouteFileError, match="over 65536 bytes"):
        RouteFile(path).read()


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RouteFileError, match="not a regular file"):
        RouteFile(tmp_path).read()


def test_a_pipe_in_place_of_the_file_is_refused_unread(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "route_config.json")

    with pytest.raises(RouteFileError, match="not a regular file"):
        RouteFile(tmp_path / "route_config.json").read()


def test_writing_keeps_the_mode_of_the_file_and_a_link_to_it(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "route_config.json"
    real.write_text("{}", encoding="utf-8")
    real.chmod(0o640)
    link.symlink_to(real)

    RouteFile(link).write(CONFIG)

    assert link.is_symlink()
    assert (RouteFile(real).read(), real.stat().st_mode & 0o777) == (CONFIG, 0o640)
