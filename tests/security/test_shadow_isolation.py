"""Whatever B does in the shadow, the client gets A's answer, byte for byte, and every request has its line."""

import os
import select
import shutil
import signal
from pathlib import Path

import pytest
from tests.conftest import MODELS, Routing, StartServer, correct

from miniserve.hosting.child import NICENESS
from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.traffic import Strategy

SENTENCES = ["He goed to school.", "She write a letter yesterday.", "He walks to work."]
HASTY_MS = "300"
# Headers that differ from one answer to the next whatever B does.
VOLATILE = {"date", "traceparent"}


def _answers(server: LocalServer) -> list[tuple[int, dict[str, str], bytes]]:
    found = [correct(server, sentence, f"request-{number}") for number, sentence in enumerate(SENTENCES)]
    return [(r.status_code, {k: v for k, v in r.headers.items() if k not in VOLATILE}, r.content) for r in found]


def test_if_b_always_raises_the_client_gets_as_answer_byte_for_byte(
    start_server: StartServer, routing: Routing, single_server: LocalServer
) -> None:
    server = start_server(routing(Strategy.SHADOW), fault="raises")

    assert _answers(server) == _answers(single_server)


def test_if_b_waits_forever_the_client_gets_as_answer_byte_for_byte(
    start_server: StartServer, routing: Routing, single_server: LocalServer
) -> None:
    server = start_server(routing(Strategy.SHADOW), fault="waits-for-ever", SHADOW_TIMEOUT_MS="600000", DRAIN_MS="0")

    # B never finishes its first sentence: if A waited for B even once, this would not return.
    assert _answers(server) == _answers(single_server)
    assert server.details()["shadow"]["waiting"] == len(SENTENCES)
    server.stop()
    assert {r.results["B"].status for r in read_log(server.traffic_log).records} == {"cancelled"}


def test_if_b_hangs_without_using_cpu_the_outcome_is_timeout_not_dropped(
    start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.SHADOW), fault="waits-for-ever", SHADOW_TIMEOUT_MS=HASTY_MS)
    server.wait_for_shadow()

    correct(server, SENTENCES[0])
    server.wait_for(lambda: server.traffic_log.stat().st_size > 0, "done with the shadow")

    (record,) = read_log(server.traffic_log).records
    assert (record.results["B"].status, record.results["B"].reason) == ("timeout", "no answer within 0.3 s")


def test_b_cannot_signal_trace_slow_or_write_another_process(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SHADOW), fault="reaches-into-the-server", SHADOW_TIMEOUT_MS="60000")
    pid = server.address.pid
    before = (os.getpriority(os.PRIO_PROCESS, pid), os.sched_getaffinity(pid), os.sched_getscheduler(pid))

    correct(server, SENTENCES[0])
    server.wait_for(lambda: server.traffic_log.stat().st_size > 0, "done with the shadow")

    (record,) = read_log(server.traffic_log).records
    assert (record.results["B"].response, record.results["B"].reason) == ("allowed: none", None)
    assert (os.getpriority(os.PRIO_PROCESS, pid), os.sched_getaffinity(pid), os.sched_getscheduler(pid)) == before
    assert correct(server, SENTENCES[0]).status_code == 200


def test_killing_bs_process_during_a_run_changes_no_answer_and_loses_no_pair(
    start_server: StartServer, routing: Routing, single_server: LocalServer
) -> None:
    without_shadow = _answers(single_server)
    server = start_server(routing(Strategy.SHADOW), SHADOW_TIMEOUT_MS="60000")
    server.wait_for_shadow()
    first_pid = server.details()["shadow"]["pid"]

    before = _answers(server)
    os.kill(first_pid, signal.SIGKILL)
    after = _answers(server)
    server.wait_for_shadow()

    assert (before, after) == (without_shadow, without_shadow)
    assert server.details()["shadow"]["pid"] != first_pid
    records = read_log(server.traffic_log).records
    assert [r.results["B"].status for r in records] == ["ok"] * (2 * len(SENTENCES))


def test_a_crash_of_b_is_reported_even_if_its_restart_times_out(
    start_server: StartServer, routing: Routing, tmp_path: Path
) -> None:
    fault = tmp_path / "fault"
    fault.write_text("exits", encoding="ascii")
    server = start_server(routing(Strategy.SHADOW), fault=f"@{fault}", SHADOW_TIMEOUT_MS="2000")
    server.wait_for_shadow()

    fault.write_text("never-loads", encoding="ascii")
    correct(server, SENTENCES[0])
    server.wait_for(lambda: server.traffic_log.stat().st_size > 0, "done with the shadow")

    (record,) = read_log(server.traffic_log).records
    assert record.results["B"].status == "error"


def test_a_bundle_with_one_changed_bit_is_refused(
    start_server: StartServer, routing: Routing, tmp_path: Path, single_server: LocalServer
) -> None:
    config = routing(Strategy.SHADOW)
    models = tmp_path / "models"
    shutil.copytree(MODELS, models, ignore=shutil.ignore_patterns("staging"))
    with (models / config.arms["B"] / "adapter_model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))
    server = start_server(config, MODELS_DIR=str(models), SHADOW_TIMEOUT_MS="60000")

    assert _answers(server) == _answers(single_server)
    server.wait_for(lambda: len(read_log(server.traffic_log).records) == len(SENTENCES), "done with the shadows")

    results = [record.results["B"] for record in read_log(server.traffic_log).records]
    assert {result.status for result in results} == {"error"}
    assert all("BundleMismatch: bundle refused: canonical SHA is" in (result.reason or "") for result in results)
    assert all(f"expected {config.arms['B']}" in (result.reason or "") for result in results)


@pytest.mark.parametrize("fault", ["healthy", "waits-for-ever", "holds-the-interpreter", "spins"])
def test_bs_process_ends_with_a_killed_server(fault: str, start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SHADOW), fault=fault, SHADOW_TIMEOUT_MS="600000")
    server.wait_for_shadow()
    # A worker that is computing does not notice that its connection closed.
    correct(server, SENTENCES[0])
    pid = server.details()["shadow"]["pid"]
    watched = os.pidfd_open(pid)

    server.kill()

    # a pidfd becomes readable when its process has ended
    assert select.select([watched], [], [], 10)[0] == [watched]


def test_the_worker_has_lowest_priority_even_if_the_kernel_groups_processes_by_session(
    start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.SHADOW))
    server.wait_for_shadow()
    process = Path(f"/proc/{server.details()['shadow']['pid']}")
    autogroup = process / "autogroup"

    assert int((process / "stat").read_text().rpartition(")")[2].split()[16]) == NICENESS
    assert not autogroup.exists() or autogroup.read_text().split()[-1] == str(NICENESS)


def test_the_workers_environment_holds_no_setting_of_the_server(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SHADOW))
    server.wait_for_shadow()

    environ = Path(f"/proc/{server.details()['shadow']['pid']}/environ").read_bytes()

    assert b"LYNX_" not in environ
