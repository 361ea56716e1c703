"""Settings from the environment: documented defaults, typed values, refusals that name the variable."""

from pathlib import Path

import pytest

from miniserve.errors import SettingsError
from miniserve.settings import Settings


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
