"""Every way in which B can fail, on a real server: what the client gets, the line, and what is left afterwards."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.conftest import Routing, StartServer, correct
from tests.fault_bench import FaultBench, fault_bench

from minieval.record.record import TrafficRecord
from miniserve.hosting.breaker import FIRST_DELAY_S, FIRST_OPEN_S, OPEN_AFTER
from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.traffic import Strategy

SENTENCES = ["He goed to school.", "She write a letter yesterday.", "He walks to work."]
# Patient: also where a process of the lowest priority gets no CPU for a while. Hasty: short enough to wait for.
PATIENT_MS, HASTY_MS = "120000", "400"
# Headers that differ from one answer to the next whatever B does.
VOLATILE = {"date", "traceparent"}

# The statuses of section 6 of the design. What ends the process is tried again on a fresh one, and so ends two.
ANSWERS = {"healthy": "ok", "floods-stdout": "ok", "says-what-breaks-views": "ok"} | dict.fromkeys(
    (
        "returns-nothing",
        "returns-an-empty-text",
        "returns-a-number",
        "returns-10-mb",
        "returns-invalid-utf-8",
    ),
    "bad_output",
)
RAISES = ("raises",)
# What it says of its own accord is found with the next question, and ends its process.
SPEAKS_UNASKED = {"answers-twice": "ok"} | dict.fromkeys(
    (
        "oversized-text",
        "negative-time",
        "negative-tokens",
        "tokens-of-401-digits",
        "tokens-and-a-half",
        "service-of-1e308-ms",
        "cpu-of-401-digits",
    ),
    "bad_output",
)
ENDS_ITS_PROCESS = (
    "raises-undeclared",
    "exits",
    "segfaults",
    "is-killed",
    "dies-of-a-real-time-signal",
    "eats-memory",
    "forks",
    "leaves-its-session",
    "malformed-frame",
    "oversized-frame",
    "time-that-no-float-holds",
    "unsolicited-frame",
    "ready-again",
    "kills-the-server",
    "stops-the-server",
)
HOG = "print('spinning')\nwhile True: pass"
HANGS = ("sleeps-past-the-timeout", "waits-for-ever", "holds-the-interpreter", "spins")


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory, routing: Routing) -> Iterator[FaultBench]:
    folder = tmp_path_factory.mktemp("patient")
    with fault_bench(folder, routing, SHADOW_TIMEOUT_MS=PATIENT_MS, SHADOW_MEMORY_MB="512") as bench:
        yield bench


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory, routing: Routing) -> Iterator[FaultBench]:
    folder = tmp_path_factory.mktemp("hasty")
    with fault_bench(folder, routing, SHADOW_TIMEOUT_MS=HASTY_MS, SHADOW_MEMORY_MB="512") as bench:
        yield bench


def _answers(server: LocalServer) -> list[tuple[int, dict[str, str], bytes]]:
    """Return status, headers and body of every answer, without the parts that always differ."""
    found = [correct(server, sentence, f"request-{number}") for number, sentence in enumerate(SENTENCES)]
    found.append(httpx.get(f"{server.address.url}/readyz"))
    return [(r.status_code, {k: v for k, v in r.headers.items() if k not in VOLATILE}, r.content) for r in found]


def _lines_of(bench: FaultBench, fault: str) -> list[TrafficRecord]:
    """Send requests with the shadow off and with the fault, compare the answers, and return the lines of the latter."""
    without_shadow = _answers(bench.server)
    bench.shadow(fault)
    known = len(bench.records())

    with_shadow = _answers(bench.server)

    assert with_shadow == without_shadow
    assert with_shadow[-1][0] == 200
    lines = bench.wait_for_lines(known + len(SENTENCES))[known:]
    assert sorted(line.request_id for line in lines) == [f"request-{number}" for number in range(len(SENTENCES))]
    assert {line.results["A"].status for line in lines} == {"ok"}
    assert all(line.results["B"].reason for line in lines if line.results["B"].status != "ok")
    return sorted(lines, key=lambda line: line.request_id)


@pytest.mark.parametrize("fault", [*ANSWERS, *RAISES])
def test_bad_output_of_b_does_not_affect_the_client_and_b_keeps_its_process(fault: str, patient: FaultBench) -> None:
    lines = _lines_of(patient, fault)

    assert [line.results["B"].status for line in lines] == [ANSWERS.get(fault, "error")] * len(lines)
    shadow = patient.shadow_state()
    assert (shadow["starts"], shadow["circuit"]) == (1, "closed")
    patient.quiet()


@pytest.mark.parametrize("fault", SPEAKS_UNASKED)
def test_if_b_breaks_the_protocol_its_process_is_replaced_and_its_message_is_not_used(
    fault: str, patient: FaultBench
) -> None:
    lines = _lines_of(patient, fault)

    assert [line.results["B"].status for line in lines] == [SPEAKS_UNASKED[fault]] * len(lines)
    assert patient.shadow_state()["starts"] >= len(lines)
    patient.quiet()


@pytest.mark.parametrize("fault", ENDS_ITS_PROCESS)
def test_if_b_exits_its_process_is_restarted_with_back_off_until_the_circuit_opens(
    fault: str, patient: FaultBench
) -> None:
    known = len(patient.lost())

    lines = _lines_of(patient, fault)

    assert [line.results["B"].status for line in lines] == ["error"] * len(lines)
    patient.server.wait_for(lambda: patient.shadow_state()["circuit"] == "open", "behind an open circuit")
    assert patient.shadow_state()["starts"] == OPEN_AFTER
    # A background thread writes stderr, so a line may appear after the state that it reports.
    patient.server.wait_for(lambda: len(patient.lost()) - known >= OPEN_AFTER, "said to have lost each process")
    delays = [said["next_start_s"] for said in patient.lost()[known:]]
    assert delays == pytest.approx([*(FIRST_DELAY_S * 2**n for n in range(OPEN_AFTER - 1)), FIRST_OPEN_S])
    assert (lines[-1].results["B"].reason or "").startswith(("WorkerDied: ", "circuit open after 5 failures: "))
    patient.quiet()


def test_if_b_fails_to_load_every_line_has_the_reason_and_the_circuit_opens(patient: FaultBench) -> None:
    lines = _lines_of(patient, "fails-to-load")

    assert {line.results["B"].status for line in lines} == {"error"}
    for reason in (line.results["B"].reason or "" for line in lines):
        assert "failed to load: " in reason
        assert "OSError: no such model" in reason
    patient.server.wait_for(lambda: patient.shadow_state()["circuit"] == "open", "behind an open circuit")
    assert patient.shadow_state()["starts"] == OPEN_AFTER
    patient.quiet()


@pytest.mark.parametrize("fault", HANGS)
def test_if_b_times_out_its_process_is_killed_and_replaced(fault: str, hasty: FaultBench) -> None:
    lines = _lines_of(hasty, fault)

    # A spinning B of the lowest priority may be starved on a busy machine, and the next ones may find B loading.
    allowed = {"timeout", "dropped"}
    assert {line.results["B"].status for line in lines} <= allowed
    assert fault == "spins" or lines[0].results["B"].status == "timeout"
    hasty.server.wait_for(lambda: hasty.shadow_state()["up"], "up again")
    assert hasty.shadow_state()["starts"] >= 2
    hasty.quiet()


def _starts(server: LocalServer) -> int:
    shadow = server.details()["shadow"]
    return 0 if shadow is None else int(shadow["starts"])


@contextmanager
def _hog(core: int) -> Iterator[None]:
    """Keep one core busy at normal priority, in its own session; B, at lowest priority, gets about 1 % of it."""
    with subprocess.Popen((sys.executable, "-uc", HOG), start_new_session=True, stdout=subprocess.PIPE) as hog:
        try:
            os.sched_setaffinity(hog.pid, {core})
            assert hog.stdout is not None
            hog.stdout.readline()
            yield
        finally:
            hog.kill()


@pytest.mark.skipif(os.getpriority(os.PRIO_PROCESS, 0) > 0, reason="a nice hog leaves B its share")
def test_if_b_gets_no_cpu_the_run_is_dropped_and_no_failure_is_counted(hasty: FaultBench) -> None:
    hasty.shadow("spins")
    known = len(hasty.records())
    core = min(os.sched_getaffinity(0))
    for thread in Path(f"/proc/{hasty.shadow_state()['pid']}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})
    with _hog(core):
        reply = correct(hasty.server, SENTENCES[0], "one")
        (line,) = hasty.wait_for_lines(known + 1)[known:]

    assert (reply.status_code, line.results["B"].status) == (200, "dropped")
    assert (line.results["B"].reason or "").startswith("starved: ")
    hasty.quiet()


@pytest.mark.skipif(os.getpriority(os.PRIO_PROCESS, 0) > 0, reason="a nice hog leaves B its share")
def test_if_b_gets_no_cpu_while_loading_runs_are_dropped_and_the_circuit_stays_closed(
    start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.SINGLE), SHADOW_LOAD_MS="1000", SHADOW_TIMEOUT_MS="300")
    cores = os.sched_getaffinity(server.address.pid)
    core = min(cores)
    # A process inherits the CPU affinity of the thread that starts it, here the event loop's.
    os.sched_setaffinity(server.address.pid, {core})
    with _hog(core):
        server.route_file.write(routing(Strategy.SHADOW))
        server.wait_for(lambda: _starts(server) > OPEN_AFTER, "starting B again and again", 60)
        reply = correct(server, SENTENCES[0], "one")
        server.wait_for(lambda: server.traffic_log.stat().st_size > 0, "done with the shadow")
        starved = server.details()["shadow"]
    os.sched_setaffinity(server.address.pid, cores)
    (line,) = read_log(server.traffic_log).records

    assert (reply.status_code, line.results["B"].status) == (200, "dropped")
    assert (starved["circuit"], starved["last_failure"][:21]) == ("closed", "starved while loading")
    server.wait_for_shadow()


def test_a_prompt_is_retried_if_bs_process_is_killed_during_a_run(patient: FaultBench) -> None:
    patient.shadow("waits-for-ever")
    known = len(patient.records())
    reply = correct(patient.server, SENTENCES[0], "one")
    patient.fault_file.write_text("healthy", encoding="ascii")

    os.kill(patient.shadow_state()["pid"], signal.SIGKILL)
    (line,) = patient.wait_for_lines(known + 1)[known:]

    assert (reply.status_code, line.results["A"].status, line.results["B"].status) == (200, "ok", "ok")
    patient.server.wait_for(
        lambda: [said["reason"] for said in patient.lost()[-1:]] == ["signal SIGKILL"], "saying how B was lost"
    )
    patient.quiet()


def test_an_open_circuit_half_opens_later_and_closes_once_b_answers(patient: FaultBench) -> None:
    _lines_of(patient, "exits")
    patient.server.wait_for(lambda: patient.shadow_state()["circuit"] == "open", "behind an open circuit")

    # B is repaired meanwhile, without the server's knowledge.
    patient.fault_file.write_text("healthy", encoding="ascii")
    patient.server.wait_for(lambda: patient.shadow_state()["up"], "giving B another trial")
    on_trial = patient.shadow_state()
    known = len(patient.records())
    correct(patient.server, SENTENCES[0])
    (line,) = patient.wait_for_lines(known + 1)[known:]

    assert (on_trial["circuit"], on_trial["starts"]) == ("half_open", OPEN_AFTER + 1)
    assert line.results["B"].status == "ok"
    assert patient.shadow_state()["circuit"] == "closed"
    patient.quiet()
