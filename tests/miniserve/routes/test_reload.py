"""Changing the configuration while the server runs: whole, at once, and never to something unusable."""

import asyncio
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.conftest import MODELS, Routing, StartServer, correct

from miniserve.hosting.hosted_arm import HostedArm
from miniserve.hosting.worker_process import WorkerSpec
from miniserve.log.audit import audit
from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.routes.route_file import production_only
from miniserve.shadow.queue import Shadow, ShadowLimits
from miniserve.traffic import RouteConfig, Strategy, assign


def _refused(server: LocalServer) -> bool:
    return "route_config_refused 1.0" in server.metrics()


@pytest.mark.parametrize("bad", ['{"stratgy": 1}', "", "{", "[]", None])
def test_an_unusable_configuration_is_refused_and_the_old_one_stays_in_force(
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


def test_switching_the_shadow_off_ends_bs_process_and_cancels_its_runs(
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


def test_shadow_off_under_load_logs_the_running_shadows_as_cancelled(
    start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.SHADOW), fault="waits-for-ever", SHADOW_TIMEOUT_MS="600000")
    server.wait_for_shadow()
    over, sent = threading.Event(), list[str]()

    def load(client: int) -> None:
        for number in itertools.count():
            if over.is_set():
                return
            name = f"{client}-{number}"
            if correct(server, "He goed home.", name).status_code == 200:
                sent.append(name)

    clients = [threading.Thread(target=load, args=(client,)) for client in range(3)]
    for client in clients:
        client.start()
    server.wait_for(lambda: server.details()["shadow"]["waiting"] >= 10, "busy with shadows")
    command = (sys.executable, "-m", "miniserve.routes.switch", "shadow-off")
    environ = os.environ | {"LYNX_ROUTE_CONFIG": str(server.route_file.path), "LYNX_MODELS_DIR": str(MODELS)}
    subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL, timeout=60)
    server.wait_for(lambda: server.details()["route"]["strategy"] == "single", "without a shadow")
    after = len(sent) + 10
    server.wait_for(lambda: len(sent) >= after, "serving on")
    over.set()
    for client in clients:
        client.join(60)
    server.stop()

    records = read_log(server.traffic_log).records
    assert audit(records, sent).findings == ()
    shadows = [record.results["B"].status for record in records if record.shadow_arm]
    assert len(shadows) >= 10
    assert set(shadows) == {"cancelled"}
    assert {record.strategy for record in records} == {"shadow", "single"}


def test_no_request_sees_half_of_two_configurations(start_server: StartServer, routing: Routing) -> None:
    ab, shadow = routing(Strategy.AB), routing(Strategy.SHADOW)
    swapped = {"A": ab.arms["B"], "B": ab.arms["A"]}
    configs = [replace(ab, salt="one"), replace(shadow, salt="two"), replace(ab, salt="three", arms=swapped)]
    by_sha = {config.config_sha: config for config in configs}
    server = start_server(configs[0])
    sentence = "She goed to school."
    answers: dict[str, set[str]] = {sha: set() for sha in swapped.values()}
    over = threading.Event()

    def load(client: int) -> None:
        for number in itertools.count():
            if over.is_set():
                return
            correct(server, sentence, f"{client}-{number}")

    def rewrite(config: RouteConfig | None) -> None:
        while not over.wait(0.01):
            if config is None:
                server.route_file.path.with_suffix(".bad").write_text('{"strategy": "ab"', encoding="utf-8")
                server.route_file.path.with_suffix(".bad").replace(server.route_file.path)
            else:
                server.route_file.write(config)

    clients = [threading.Thread(target=load, args=(client,)) for client in range(3)]
    writers = [threading.Thread(target=rewrite, args=(config,)) for config in (*configs, None)]
    for thread in (*clients, *writers):
        thread.start()
    seen = set[str]()

    def has_seen_all() -> bool:
        seen.add(server.details()["route"]["config_sha"])
        return seen == set(by_sha)

    server.wait_for(has_seen_all, "through all configurations")
    over.set()
    for thread in (*clients, *writers):
        thread.join(60)
    server.stop()

    records = read_log(server.traffic_log).records
    for record in records:
        config = by_sha[record.config_sha]
        assert (record.salt, record.strategy, dict(record.arm_shas)) == (
            config.salt,
            str(config.strategy),
            dict(config.arms),
        )
        assigned = assign(record.request_id, config)
        assert (record.production_arm, record.shadow_arm) == (assigned.production_arm, assigned.shadow_arm)
        answers[config.arms[record.production_arm]].add(str(record.results[record.production_arm].response))
    assert {record.config_sha for record in records} == set(by_sha)
    # The model that answered is the one in the line's configuration.
    assert all(len(texts) == 1 for texts in answers.values())
    assert answers[ab.arms["A"]] != answers[ab.arms["B"]]


@pytest.mark.parametrize("strategy", [Strategy.AB, Strategy.SHADOW, Strategy.CANARY, Strategy.SINGLE])
def test_a_deleted_file_is_refused_and_the_configuration_in_force_stays(
    strategy: Strategy, start_server: StartServer, routing: Routing
) -> None:
    config = routing(strategy)
    server = start_server(config)

    server.route_file.path.unlink()
    server.wait_for(lambda: _refused(server), "showing the refusal")

    assert server.details()["route"]["config_sha"] == config.config_sha
    log = server.folder / "stderr.log"  # a thread writes it
    server.wait_for(lambda: "route_config.json is missing" in log.read_text(encoding="utf-8"), "logging the refusal")


def test_a_server_without_a_file_keeps_running_without_a_refusal(start_server: StartServer, routing: Routing) -> None:
    server = start_server(None)
    default = server.details()["route"]["config_sha"]
    server.route_file.write(routing(Strategy.AB))
    server.wait_for(lambda: server.details()["route"]["strategy"] == "ab", "split")

    server.route_file.path.unlink()
    server.wait_for(lambda: _refused(server), "showing the refusal")
    assert server.details()["route"]["strategy"] == "ab"

    registry = json.loads((MODELS / "registry.json").read_text(encoding="utf-8"))
    server.route_file.write(production_only(registry["versions"][registry["production"]]))
    server.wait_for(lambda: server.details()["route"]["config_sha"] == default, "back to the default")
    assert not _refused(server)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _enormous(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100 * 2**20)


def _thousands_of_keys(path: Path) -> None:
    path.write_text(json.dumps({str(number): 0 for number in range(6_000)}, separators=(",", ":")), encoding="utf-8")


@pytest.mark.parametrize("make", [_pipe, _enormous, _thousands_of_keys])
@pytest.mark.parametrize("name", ["route_config.json", "registry.json"])
def test_no_file_that_a_server_reads_can_block_it(
    make: Callable[[Path], None], name: str, start_server: StartServer, routing: Routing, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    shutil.copytree(MODELS, models, ignore=shutil.ignore_patterns("staging"))
    config = routing(Strategy.SINGLE)
    server = start_server(config, MODELS_DIR=str(models))
    path = server.route_file.path if name == "route_config.json" else models / name

    path.unlink()
    make(path)
    if name == "registry.json":
        server.route_file.write(routing(Strategy.AB))  # the registry is read when the route file changes
    server.wait_for(lambda: _refused(server), "showing the refusal")

    assert correct(server, "He goed home.").status_code == 200
    assert server.details()["route"]["config_sha"] == config.config_sha
    assert server.stop() == 0


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
    spec = WorkerSpec(MODELS, "b" * 64, "", (sys.executable, "-c", "import time"))

    async def close_and_cancel() -> None:
        shadow = Shadow("B", HostedArm("B", spec), ShadowLimits())
        shadow.start()
        closing = asyncio.create_task(shadow.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        await shadow.close()

    asyncio.run(close_and_cancel())
