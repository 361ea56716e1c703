"""The recipes behind route_config.json: names resolved, salts kept, refusals in one sentence."""

import json
from pathlib import Path

import pytest
from tests.conftest import MODELS

from minimodel.bundles.registry import Registry
from miniserve.routes.route_file import RouteFile
from miniserve.routes.switch import main
from miniserve.traffic import RouteConfig, Strategy


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the command at a route file of the test's own."""
    monkeypatch.setenv("LYNX_ROUTE_CONFIG", str(tmp_path / "route_config.json"))
    monkeypatch.setenv("LYNX_MODELS_DIR", str(MODELS))
    monkeypatch.setenv("LYNX_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "route_config.json"


def _written(path: Path) -> RouteConfig:
    config = RouteFile(path).read()
    assert config is not None
    return config


@pytest.mark.parametrize(
    ("words", "strategy"),
    [
        (["shadow-on", "v0.1.0", "v0.3.0"], Strategy.SHADOW),
        (["ab-on", "0.1.0", "0.3.0"], Strategy.AB),
        (["canary-on", "v0.1.0", "v0.3.0", "2.5"], Strategy.CANARY),
    ],
)
def test_a_version_names_its_model(words: list[str], strategy: Strategy, path: Path, registry: Registry) -> None:
    assert main(words) == 0

    config = _written(path)
    assert config.strategy is strategy
    assert config.arms == {"A": registry.resolve("v0.1.0"), "B": registry.resolve("v0.3.0")}
    assert (config.production_arm, config.shadow_arm, config.salt) == ("A", "B", "prod-2026-05")


def test_a_sha_or_a_unique_prefix_names_its_model(path: Path, registry: Registry) -> None:
    a, b = registry.resolve("v0.1.0"), registry.resolve("v0.3.0")

    assert main(["shadow-on", a, b[:12]]) == 0

    assert _written(path).arms == {"A": a, "B": b}


def test_the_salt_in_the_file_is_kept_unless_another_is_given(path: Path) -> None:
    main(["shadow-on", "v0.1.0", "v0.3.0", "--salt", "epoch-2"])
    main(["ab-on", "v0.1.0", "v0.3.0"])
    kept = _written(path).salt
    main(["shadow-off"])

    assert (kept, _written(path).salt) == ("epoch-2", "epoch-2")


def test_switching_off_leaves_the_production_arm_alone(path: Path, registry: Registry) -> None:
    main(["shadow-on", "v0.1.0", "v0.3.0"])

    assert main(["shadow-off"]) == 0

    config = _written(path)
    assert (config.strategy, config.arms[config.production_arm]) == (Strategy.SINGLE, registry.resolve("v0.1.0"))


def test_switching_off_works_on_a_broken_file_too(path: Path) -> None:
    path.write_text("{broken", encoding="utf-8")

    assert main(["shadow-off"]) == 0
    assert _written(path).strategy is Strategy.SINGLE


def test_serve_only_serves_any_model_alone_and_keeps_the_salt(path: Path, registry: Registry) -> None:
    main(["ab-on", "v0.1.0", "v0.3.0", "--salt", "epoch-2"])

    assert main(["serve-only", "v0.2.0"]) == 0

    assert _written(path) == RouteConfig(Strategy.SINGLE, "epoch-2", {"A": registry.resolve("v0.2.0")}, "A")


@pytest.mark.parametrize(
    "words", [["shadow-on"], ["ab-on", "v0.1.0"], ["canary-on", "v0.1.0"], ["serve-only"], ["shadow-off", "now"], []]
)
def test_missing_or_surplus_arguments_exit_2(words: list[str], path: Path) -> None:
    with pytest.raises(SystemExit) as refusal:
        main(words)

    assert refusal.value.code == 2
    assert not path.exists()


def test_every_strategy_has_a_switch(path: Path) -> None:
    arms = ["v0.1.0", "v0.3.0"]
    switches = [["shadow-on", *arms], ["ab-on", *arms], ["canary-on", *arms, "5"], ["serve-only", "v0.1.0"]]

    reached = [_written(path).strategy for words in switches if main(words) == 0]

    assert set(reached) == set(Strategy)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["shadow-on", "v9.9.9", "v0.3.0"], "unknown model 'v9.9.9': expected one of"),
        (["shadow-on", "v0.1.0", "ffffffffffff"], "unknown model 'ffffffffffff'"),
        (["canary-on", "v0.1.0", "v0.3.0", "101"], "canary_percent is 101.0: expected a number from 0 to 100"),
        (["shadow-on", "v0.1.0", "v0.3.0", "--salt", ""], "salt is '': expected a non-empty string"),
    ],
)
def test_a_refusal_is_one_sentence_and_changes_nothing(
    words: list[str], sentence: str, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["shadow-on", "v0.1.0", "v0.3.0"])
    before = path.read_bytes()
    capsys.readouterr()

    assert main(words) == 2

    assert sentence in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_missing_folder_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LYNX_ROUTE_CONFIG", str(tmp_path / "nowhere" / "route_config.json"))

    assert main(["shadow-on", "v0.1.0", "v0.3.0"]) == 2
    assert "No such file" in capsys.readouterr().err


def test_show_prints_the_configuration_and_its_sha(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["ab-on", "v0.1.0", "v0.3.0"])
    capsys.readouterr()

    assert main(["show"]) == 0

    assert json.loads(capsys.readouterr().out)["config_sha"] == _written(path).config_sha
