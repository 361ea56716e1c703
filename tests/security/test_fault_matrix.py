"""Every way in which B can fail, on a real server: what the client gets, the line, and what is left afterwards."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.conftest import FAULTY_COMMAND, Routing, correct
from tests.footprint import Footprint, footprint, resident_mb

from miniserve.breaker import FIRST_DELAY_S, FIRST_OPEN_S, OPEN_AFTER
from miniserve.local import LocalServer
from miniserve.records import TrafficRecord
from miniserve.traffic import RouteConfig, Strategy
from miniserve.trafficlog import read_log

SENTENCES = ["He goed to school.", "She write a letter yesterday.", "He walks to work."]
# Patient: also where a process of the lowest priority gets no CPU for a while. Hasty: short enough to wait for.
PATIENT_MS, HASTY_MS = "120000", "400"
# Headers that differ from one answer to the next whatever B does.
VOLATILE = {"date", "traceparent"}
# What one fault of B may leave in the server's heap: its metrics, and what the allocator keeps.
KEPT_MB = 8

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
SPEAKS_UNASKED = {"oversized-text": "bad_output", "answers-twice": "ok"}
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
    "negative-time",
    "negative-tokens",
    "unsolicited-frame",
    "ready-again",
)
HANGS = ("sleeps-past-the-timeout", "waits-for-ever", "holds-the-interpreter", "spins")


@dataclass
class Bench:
    """A server on which B fails in one way after the other, and what it held before the first."""

    server: LocalServer
    fault_file: Path
    off: RouteConfig
    on: RouteConfig
    before: Footprint
    before_mb: float

    def shadow(self, fault: str) -> None:
        """Switch the shadow on, with that fault, and wait until B's process is up or has failed."""
        self.server.adopt(self.off)
        self.fault_file.write_text(fault, encoding="ascii")
        self.server.route_file.write(self.on)
        self.server.wait_for(self._shadow_decided, "in its shadow configuration, B up or refused")

    def quiet(self) -> None:
        """Switch the shadow off, and wait until the server holds what it held before."""
        self.server.adopt(self.off)
        pid = self.server.address.pid
        self.server.wait_for(lambda: footprint(pid) == self.before, f"back at {self.before}", 20)
        assert resident_mb(pid) < self.before_mb + KEPT_MB

    def records(self) -> list[TrafficRecord]:
        """Return every line so far."""
        return list(read_log(self.server.traffic_log).records)

    def wait_for_lines(self, count: int) -> list[TrafficRecord]:
        """Return every line, once there are so many."""
        self.server.wait_for(lambda: len(self.records()) >= count, f"done with {count} lines", 120)
        return self.records()

    def lost(self) -> list[dict[str, object]]:
        """Return what the server said of every process that it lost."""
        lines = (self.server.folder / "stderr.log").read_text(encoding="utf-8").splitlines()
        return [said for said in map(json.loads, lines) if said["event"] == "shadow worker lost"]

    def _shadow_decided(self) -> bool:
        found = self.server.details()
        shadow = found["shadow"]
        return found["route"]["config_sha"] == self.on.config_sha and (shadow["up"] or bool(shadow["last_failure"]))


def _bench(folder: Path, routing: Routing, timeout_ms: str) -> Iterator[Bench]:
    fault_file = folder / "fault"
    fault_file.write_text("healthy", encoding="ascii")
    off, on = routing(Strategy.SINGLE), routing(Strategy.SHADOW)
    environ = {"LYNX_SHADOW_TIMEOUT_MS": timeout_ms, "LYNX_SHADOW_MEMORY_MB": "512"}
    with LocalServer(folder / "server", off, environ, (*FAULTY_COMMAND, f"@{fault_file}")) as server:
        # One healthy round first: what is made once and kept is no leak.
        bench = Bench(server, fault_file, off, on, footprint(server.address.pid), 0.0)
        bench.shadow("healthy")
        _answers(server)
        bench.wait_for_lines(len(SENTENCES))
        server.adopt(off)
        server.wait_for(lambda: footprint(server.address.pid).shadow_processes == 0, "alone")
        bench.before, bench.before_mb = footprint(server.address.pid), resident_mb(server.address.pid)
        yield bench


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory, routing: Routing) -> Iterator[Bench]:
    yield from _bench(tmp_path_factory.mktemp("patient"), routing, PATIENT_MS)


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory, routing: Routing) -> Iterator[Bench]:
    yield from _bench(tmp_path_factory.mktemp("hasty"), routing, HASTY_MS)


def _answers(server: LocalServer) -> list[tuple[int, dict[str, str], bytes]]:
    """Return status, headers and body of every answer, but for what differs whatever B does."""
    found = [correct(server, sentence, f"request-{number}") for number, sentence in enumerate(SENTENCES)]
    found.append(httpx.get(f"{server.address.url}/readyz"))
    return [(r.status_code, {k: v for k, v in r.headers.items() if k not in VOLATILE}, r.content) for r in found]


def _lines_of(bench: Bench, fault: str) -> list[TrafficRecord]:
    """Ask with the shadow off and with the fault, compare the answers, and return the lines under the fault."""
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
def test_a_b_that_answers_wrongly_keeps_its_process_and_costs_the_client_nothing(fault: str, patient: Bench) -> None:
    lines = _lines_of(patient, fault)

    assert [line.results["B"].status for line in lines] == [ANSWERS.get(fault, "error")] * len(lines)
    shadow = patient.server.details()["shadow"]
    assert (shadow["starts"], shadow["circuit"]) == (1, "closed")
    patient.quiet()


@pytest.mark.parametrize("fault", SPEAKS_UNASKED)
def test_a_b_that_speaks_unasked_is_replaced_before_its_words_are_taken_for_an_answer(
    fault: str, patient: Bench
) -> None:
    lines = _lines_of(patient, fault)

    assert [line.results["B"].status for line in lines] == [SPEAKS_UNASKED[fault]] * len(lines)
    assert patient.server.details()["shadow"]["starts"] >= len(lines)
    patient.quiet()


@pytest.mark.parametrize("fault", ENDS_ITS_PROCESS)
def test_a_b_that_ends_its_process_comes_back_with_back_off_until_its_circuit_opens(fault: str, patient: Bench) -> None:
    known = len(patient.lost())

    lines = _lines_of(patient, fault)

    assert [line.results["B"].status for line in lines] == ["error"] * len(lines)
    patient.server.wait_for(lambda: patient.server.details()["shadow"]["circuit"] == "open", "behind an open circuit")
    assert patient.server.details()["shadow"]["starts"] == OPEN_AFTER
    delays = [said["next_start_s"] for said in patient.lost()[known:]]
    assert delays == pytest.approx([*(FIRST_DELAY_S * 2**n for n in range(OPEN_AFTER - 1)), FIRST_OPEN_S])
    assert (lines[-1].results["B"].reason or "").startswith(("WorkerDied: ", "circuit open after 5 failures: "))
    patient.quiet()


def test_a_b_that_fails_to_load_is_told_on_every_line_and_its_circuit_opens(patient: Bench) -> None:
    lines = _lines_of(patient, "fails-to-load")

    assert {line.results["B"].status for line in lines} == {"error"}
    assert all("failed to load: exit 1: OSError: no such model" in (r.results["B"].reason or "") for r in lines)
    patient.server.wait_for(lambda: patient.server.details()["shadow"]["circuit"] == "open", "behind an open circuit")
    assert patient.server.details()["shadow"]["starts"] == OPEN_AFTER
    patient.quiet()


@pytest.mark.parametrize("fault", HANGS)
def test_a_b_that_does_not_answer_in_time_is_ended_and_replaced(fault: str, hasty: Bench) -> None:
    lines = _lines_of(hasty, fault)

    # A spinning B of the lowest priority may be starved on a busy machine, and the next ones may find B loading.
    allowed = {"timeout", "dropped"}
    assert {line.results["B"].status for line in lines} <= allowed
    assert fault == "spins" or lines[0].results["B"].status == "timeout"
    hasty.server.wait_for(lambda: hasty.server.details()["shadow"]["up"], "up again")
    assert hasty.server.details()["shadow"]["starts"] >= 2
    hasty.quiet()


def test_a_b_that_is_killed_from_outside_while_it_computes_is_asked_again(patient: Bench) -> None:
    patient.shadow("waits-for-ever")
    known = len(patient.records())
    reply = correct(patient.server, SENTENCES[0], "one")
    patient.fault_file.write_text("healthy", encoding="ascii")

    os.kill(patient.server.details()["shadow"]["pid"], signal.SIGKILL)
    (line,) = patient.wait_for_lines(known + 1)[known:]

    assert (reply.status_code, line.results["A"].status, line.results["B"].status) == (200, "ok", "ok")
    assert [said["reason"] for said in patient.lost()[-1:]] == ["signal SIGKILL"]
    patient.quiet()


def test_an_open_circuit_half_opens_later_and_closes_once_b_answers_again(patient: Bench) -> None:
    _lines_of(patient, "exits")
    patient.server.wait_for(lambda: patient.server.details()["shadow"]["circuit"] == "open", "behind an open circuit")

    # B is mended meanwhile; nobody tells the server
    patient.fault_file.write_text("healthy", encoding="ascii")
    patient.server.wait_for(lambda: patient.server.details()["shadow"]["up"], "giving B another trial")
    on_trial = patient.server.details()["shadow"]
    known = len(patient.records())
    correct(patient.server, SENTENCES[0])
    (line,) = patient.wait_for_lines(known + 1)[known:]

    assert (on_trial["circuit"], on_trial["starts"]) == ("half_open", OPEN_AFTER + 1)
    assert line.results["B"].status == "ok"
    assert patient.server.details()["shadow"]["circuit"] == "closed"
    patient.quiet()
