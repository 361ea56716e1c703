"""Several server processes behind one port: one log, one set of metrics, and dead processes are restarted."""

import json
import os
import signal
import threading
from pathlib import Path

import httpx
import pytest
from tests.conftest import Routing, StartServer, correct, metric_families

from miniobserve.metrics.shared import fresh_folder
from miniserve.log.audit import audit
from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer, LocalServerError
from miniserve.processes.server_process import SERVER_COMMAND
from miniserve.traffic import Strategy


def _pids(server: LocalServer) -> list[int]:
    return [process["pid"] for process in server.details()["processes"]]


def _gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def _answered(server: LocalServer, ids: list[str]) -> list[str]:
    """Send requests, each on a connection of its own, and return the ids of those that were answered."""
    answered = []
    for request_id in ids:
        try:
            if correct(server, "He goed home.", request_id).status_code == 200:
                answered.append(request_id)
        except httpx.TransportError:  # it was being answered by a process that died
            continue
    return answered


def _count(server: LocalServer, name: str) -> float:
    families = metric_families(server.metrics())
    return sum(s.value for s in families[name].samples if s.name == f"{name}_total")


def test_two_processes_share_the_port_the_log_and_the_metrics(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SHADOW), WORKERS="2")
    server.wait_for_shadow()
    ids = [f"id-{number}" for number in range(24)]
    loaders = [threading.Thread(target=_answered, args=(server, ids[share::4])) for share in range(4)]

    for loader in loaders:
        loader.start()
    for loader in loaders:
        loader.join(60)
    server.wait_for(lambda: _count(server, "shadow_outcomes") == len(ids), "done with every shadow")
    requests, ready = _count(server, "request"), httpx.get(f"{server.address.url}/readyz").status_code
    pids = _pids(server)
    code = server.stop()

    contents = read_log(server.traffic_log)
    assert (requests, ready, code) == (len(ids), 200, 0)
    assert len(set(pids)) == 2
    assert contents.torn == 0
    assert audit(contents.records, ids).findings == ()
    assert [pid for pid in pids if not _gone(pid)] == []


def test_a_killed_process_is_restarted_and_no_answered_request_is_lost(
    start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.SHADOW), WORKERS="2")
    server.wait_for_shadow()
    victim, survivor = _pids(server)
    answered = _answered(server, [f"before-{number}" for number in range(10)])

    os.kill(victim, signal.SIGKILL)
    answered += _answered(server, [f"during-{number}" for number in range(10)])
    server.wait_for(lambda: len(_pids(server)) == 2 and server.details()["ready"], "two processes again")
    answered += _answered(server, [f"after-{number}" for number in range(10)])
    pids, restarts = _pids(server), server.details()["restarts"]
    counted = _count(server, "request")
    server.stop()

    logged = [record.request_id for record in read_log(server.traffic_log).records]
    assert set(answered) <= set(logged)
    assert len(logged) == len(set(logged))
    assert {request_id.split("-")[0] for request_id in answered} == {"before", "during", "after"}
    assert (victim in pids, survivor in pids, restarts) == (False, True, 1)
    assert counted >= len(answered)  # the dead process's count is not forgotten


def test_a_dead_processs_lines_are_recovered_before_the_restart(start_server: StartServer, routing: Routing) -> None:
    server = start_server(
        routing(Strategy.SHADOW), fault="waits-for-ever", WORKERS="2", SHADOW_TIMEOUT_MS="600000", DRAIN_MS="0"
    )
    server.wait_for_shadow()
    correct(server, "He goed home.", "owed")
    (victim,) = (p["pid"] for p in server.details()["processes"] if p["books"]["unsettled"] == 1)

    os.kill(victim, signal.SIGKILL)
    server.wait_for(lambda: server.traffic_log.stat().st_size > 0, "done with the line")

    (record,) = read_log(server.traffic_log).records
    assert (record.request_id, record.results["B"].status) == ("owed", "interrupted")


def test_every_process_follows_the_route_configuration(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SINGLE), WORKERS="2")

    server.adopt(routing(Strategy.SHADOW))

    details = server.details()
    assert [process["route"]["strategy"] for process in details["processes"]] == ["shadow", "shadow"]
    assert [process["shadow"]["up"] for process in details["processes"]] == [True, True]
    assert details["shadow"]["starts"] == 2


def test_a_restarted_process_starts_with_the_route_in_force_not_with_a_bad_file(
    start_server: StartServer, routing: Routing
) -> None:
    good = routing(Strategy.AB)
    server = start_server(good, WORKERS="2")
    server.route_file.path.write_text("{", encoding="utf-8")
    victim, _ = _pids(server)

    os.kill(victim, signal.SIGKILL)
    server.wait_for(lambda: victim not in _pids(server) and len(_pids(server)) == 2, "two processes again")
    server.wait_for(lambda: "route_config_refused 1.0" in server.metrics(), "showing the refusal")

    # A process that has not loaded yet has no route to tell.
    server.wait_for(lambda: all(process["ready"] for process in server.details()["processes"]), "whole again")
    assert {process["route"]["config_sha"] for process in server.details()["processes"]} == {good.config_sha}


def test_when_the_parent_is_killed_its_processes_finish_running_requests_and_exit(
    start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.SHADOW), WORKERS="2")
    server.wait_for_shadow()
    pids = _pids(server)
    answered = _answered(server, [f"id-{number}" for number in range(10)])

    os.kill(server.address.pid, signal.SIGKILL)
    server.kill()
    while not all(_gone(pid) for pid in pids):
        continue

    logged = [record.request_id for record in read_log(server.traffic_log).records]
    assert sorted(logged) == sorted(answered)
    assert list((server.folder / "journal").glob("*.jsonl")) == []


def test_a_process_that_is_stopped_from_outside_is_restarted(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SINGLE), WORKERS="2")
    victim, survivor = _pids(server)

    os.kill(victim, signal.SIGTERM)
    server.wait_for(lambda: victim not in _pids(server) and len(_pids(server)) == 2, "two processes again")

    assert survivor in _pids(server)
    assert correct(server, "He goed home.").status_code == 200


@pytest.mark.parametrize("value", ["0", "-1", "65", "1000000", "two", "1.5", ""])
def test_an_invalid_number_of_processes_is_refused(value: str, tmp_path: Path) -> None:
    by_variable = LocalServer(tmp_path, environ={"LYNX_WORKERS": value})
    by_argument = LocalServer(tmp_path, command=(*SERVER_COMMAND, f"--workers={value}"))

    with pytest.raises(LocalServerError, match=f"LYNX_WORKERS is '{value}': expected a whole number from 1 to 64"):
        by_variable.start()
    with pytest.raises(LocalServerError, match=f"--workers is '{value}': expected a whole number from 1 to 64"):
        by_argument.start()


def test_an_invalid_configuration_is_reported_once(tmp_path: Path) -> None:
    (tmp_path / "route_config.json").write_text('{"stratgy": 1}', encoding="utf-8")
    server = LocalServer(tmp_path, environ={"LYNX_WORKERS": "3"})

    with pytest.raises(LocalServerError, match="unknown key 'stratgy'"):
        server.start()

    assert (tmp_path / "stderr.log").read_text(encoding="utf-8").count("unknown key 'stratgy'") == 1


def test_shared_metrics_of_dead_processes_are_removed(tmp_path: Path) -> None:
    for pid in ("4194305", "1", str(os.getpid())):  # no process, somebody else's, left by one of our number
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "counter_0.db").touch()

    folder = fresh_folder(tmp_path)

    assert folder == tmp_path / str(os.getpid())
    assert list(folder.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["1", str(os.getpid())])


def test_b_inherits_neither_the_public_port_nor_the_channel_to_the_parent(
    start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.SHADOW), WORKERS="2")
    server.wait_for_shadow()

    for process in server.details()["processes"]:
        descriptors = Path(f"/proc/{process['shadow']['pid']}/fd").iterdir()
        sockets = [link for link in descriptors if str(link.readlink()).startswith("socket:")]
        assert len(sockets) == 1  # its connection


def test_server_json_names_the_parent(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SINGLE), WORKERS="2")

    written = json.loads((server.folder / "server.json").read_text(encoding="utf-8"))
    pids = _pids(server)
    server.stop()

    assert written["pid"] not in pids
    assert not (server.folder / "server.json").exists()
    assert list((server.folder / "metrics").iterdir()) == []
