"""Changing the configuration while the server runs: whole, at once, and never to something unusable."""

import asyncio
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.conftest import MODELS, Routing, StartServer, correct

from miniserve.local import LocalServer
from miniserve.shadow import Shadow, ShadowLimits
from miniserve.traffic import Strategy
from miniserve.trafficlog import read_log


def _refused(server: LocalServer) -> bool:
    return "route_config_refused 1.0" in server.metrics()


@pytest.mark.parametrize("bad", ['{"stratgy": 1}', "", "{", "[]", None])
def test_an_unusable_configuration_is_refused_and_the_old_one_stays(
    bad: str | None, start_server: StartServer, routing: Routing
) -> None:
    good = routing(Strategy.SINGLE)
    server = start_server(good)
    unknown = json.dumps({**good.as_json(), "arms": {**good.arms, "B": "f" * 64}})

    server.route_file.path.write_text(unknown if bad is None else bad, encoding="utf-8")
    server.wait_for(lambda: _refused(server), "showing the refusal")

    assert httpx.get(f"{server.address.url}/readyz").status_code == 200
    assert server.details()["route"]["config_sha"] == good.config_sha
    assert correct(server, "He goed home.").status_code == 200


def test_a_good_configuration_after_a_bad_one_clears_the_refusal(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SINGLE))
    server.route_file.path.write_text("{", encoding="utf-8")
    server.wait_for(lambda: _refused(server), "showing the refusal")

    server.adopt(routing(Strategy.SHADOW))

    server.wait_for(lambda: not _refused(server), "free of the refusal")


def test_switching_the_shadow_off_ends_bs_process_and_cancels_what_runs(
    start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.SHADOW), fault="waits-for-ever", SHADOW_TIMEOUT_MS="600000")
    server.wait_for_shadow()
    correct(server, "He goed home.", "under-way")

    server.adopt(routing(Strategy.SINGLE))
    correct(server, "He goed home.", "afterwards")

    server.wait_for(lambda: len(read_log(server.traffic_log).records) == 2, "done with both lines")
    found = {r.request_id: (r.strategy, r.results.get("B")) for r in read_log(server.traffic_log).records}
    assert found["afterwards"] == ("single", None)
    assert found["under-way"][0] == "shadow"
    assert found["under-way"][1] is not None
    assert found["under-way"][1].status == "cancelled"


def test_every_line_has_one_configuration_from_end_to_end(start_server: StartServer, routing: Routing) -> None:
    epochs = [
        replace(routing(strategy), salt=f"epoch-{n}") for n, strategy in enumerate([Strategy.AB, Strategy.SHADOW] * 2)
    ]
    server = start_server(epochs[0])

    for config in epochs:
        server.route_file.write(config)
        server.wait_for(
            lambda config=config: (  # type: ignore[misc]  # mypy cannot infer a lambda with a default
                correct(server, "He goed home.").status_code == 200
                and server.details()["route"]["config_sha"] == config.config_sha
            ),
            "following the file",
        )
    server.stop()

    by_sha = {config.config_sha: config for config in epochs}
    for record in read_log(server.traffic_log).records:
        config = by_sha[record.config_sha]
        assert (record.salt, record.strategy) == (config.salt, str(config.strategy))
        assert dict(record.arm_shas) == dict(config.arms)


def test_a_removed_file_goes_back_to_the_registrys_production_model(
    start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.AB))

    server.route_file.path.unlink()

    server.wait_for(lambda: server.details()["route"]["strategy"] == "single", "back to single")


def test_a_registry_that_cannot_be_read_leaves_the_route_in_force(
    start_server: StartServer, routing: Routing, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    shutil.copytree(MODELS, models, ignore=shutil.ignore_patterns("staging"))
    server = start_server(routing(Strategy.SINGLE), MODELS_DIR=str(models))
    (models / "registry.json").unlink()
    (models / "registry.json").mkdir()

    server.route_file.write(routing(Strategy.AB))
    server.wait_for(lambda: _refused(server), "showing the refusal")

    assert correct(server, "He goed home.").status_code == 200
    assert server.details()["route"]["strategy"] == "single"


def test_a_model_that_does_not_load_leaves_the_route_in_force(
    start_server: StartServer, routing: Routing, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    shutil.copytree(MODELS, models, ignore=shutil.ignore_patterns("staging"))
    server = start_server(routing(Strategy.SINGLE), MODELS_DIR=str(models))
    b_weights = models / routing(Strategy.AB).arms["B"] / "adapter_model.safetensors"
    flipped = bytearray(b_weights.read_bytes())
    flipped[-1] ^= 1
    b_weights.write_bytes(flipped)

    server.route_file.write(routing(Strategy.AB))
    server.wait_for(lambda: _refused(server), "showing the refusal")

    assert server.details()["route"]["strategy"] == "single"
    assert correct(server, "He goed home.").status_code == 200


def test_stopping_while_a_shadow_is_being_closed_is_not_swallowed() -> None:
    async def close_and_cancel() -> None:
        shadow = Shadow("B", "b" * 64, MODELS, ShadowLimits(), command=(sys.executable, "-c", "import time"))
        shadow.start()
        closing = asyncio.create_task(shadow.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        await shadow.close()

    asyncio.run(close_and_cancel())
