"""The ledger when the disk fails: clients are served, lines wait while there is room, and losses are reported."""

import fcntl
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import structlog
from msgspec.structs import replace
from tests.conftest import Routing, StartServer, correct
from tests.miniserve.log.test_records import RECORD, SINGLE

from minieval.record.line import to_line
from minieval.record.record import TrafficRecord
from miniobserve.metrics.metrics import Metrics
from miniserve.log import ledger as ledger_module
from miniserve.log.journal import Journal
from miniserve.log.ledger import Ledger
from miniserve.log.traffic_log import TrafficLog, read_log
from miniserve.traffic import Strategy

LINE = to_line(SINGLE)


def _record(number: int) -> TrafficRecord:
    return replace(SINGLE, record_id=f"{number:032x}", request_id=f"id-{number}")


def _ids(path: Path) -> list[str]:
    return [record.request_id for record in read_log(path).records]


def _fill_disk(log: Path) -> None:
    """Put a file in the log's place that no byte fits into."""
    log.unlink()
    log.symlink_to("/dev/full")


def test_a_renamed_log_is_replaced_by_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "traffic.log"
    with TrafficLog(path) as log:
        log.append(_record(1))
        path.rename(tmp_path / "traffic.log.1")
        log.append(_record(2))

    assert (_ids(tmp_path / "traffic.log.1"), _ids(path)) == (["id-1"], ["id-2"])


def test_a_removed_log_is_replaced_by_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "traffic.log"
    with TrafficLog(path) as log:
        log.append(_record(1))
        path.unlink()
        log.append(_record(2))

    assert _ids(path) == ["id-2"]


def test_if_the_logs_folder_is_gone_no_other_file_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    log = TrafficLog(folder / "traffic.log")
    folder.rename(tmp_path / "moved")
    bystanders = []

    # Had the log kept a number that it closed, it would close and write the next file to get it.
    for number in range(5):
        with pytest.raises(FileNotFoundError):
            log.append(_record(number))
        bystanders.append((tmp_path / f"bystander-{number}").open("w+b"))
    folder.mkdir()
    log.append(_record(9))
    log.close()

    assert [bystander.read() for bystander in bystanders] == [b""] * 5
    assert _ids(folder / "traffic.log") == ["id-9"]
    for bystander in bystanders:
        bystander.close()


@pytest.mark.parametrize("room", [0, 1, 2, 100, len(LINE) - 1, len(LINE), len(LINE) + 1, len(LINE) + 2])
def test_however_much_space_a_full_disk_leaves_every_record_is_written_once(room: int, tmp_path: Path) -> None:
    path = tmp_path / "traffic.log"
    path.write_bytes(to_line(_record(1))[:-1])  # torn by a former process, in its last byte
    ledger = Ledger(tmp_path, Metrics())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, limits[1]))
    try:
        for number in (2, 3):
            ledger.record(_record(number))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    ledger.record(_record(4))
    ledger.close()

    assert _ids(path) == ["id-1", "id-2", "id-3", "id-4"]


def test_records_that_do_not_fit_in_memory_are_lost_and_a_line_reports_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 10,000 waiting records would take the suite seconds, so the bound is lowered.
    monkeypatch.setattr(ledger_module, "UNWRITTEN_LIMIT", 3)
    path, metrics = tmp_path / "traffic.log", Metrics()
    ledger = Ledger(tmp_path, metrics)
    _fill_disk(path)
    for number in range(5):
        ledger.record(_record(number))

    path.unlink()
    ledger.record(_record(5))
    ledger.close()

    contents = read_log(path)
    assert [record.request_id for record in contents.records] == ["id-3", "id-4", "id-5"]
    assert contents.lost == 3
    assert b"traffic_log_lost_total 3.0" in metrics.exposition()


def test_a_record_that_the_journal_holds_is_not_counted_as_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "UNWRITTEN_LIMIT", 1)
    path = tmp_path / "traffic.log"
    ledger = Ledger(tmp_path, Metrics())
    _fill_disk(path)
    shadowed = replace(RECORD, record_id="e" * 32, request_id="shadowed")
    ledger.promise(shadowed, "B")
    ledger.record(shadowed)
    ledger.record(_record(1))
    path.unlink()
    ledger.close()

    Ledger(tmp_path, Metrics()).close()

    contents = read_log(path)
    assert sorted(record.request_id for record in contents.records) == ["id-1", "shadowed"]
    assert contents.lost == 0


def test_the_ledger_is_not_ready_until_the_journal_can_be_written(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, Metrics())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with structlog.testing.capture_logs():  # what they are printed to has the limit too
            ledger.promise(RECORD, "B")
            ready = ledger.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert (ready, ledger.flush()) == (False, True)
    ledger.close()


def test_a_full_disk_is_logged_at_intervals_not_with_every_request(tmp_path: Path) -> None:
    now, metrics = [0.0], Metrics()
    ledger = Ledger(tmp_path, metrics, clock=lambda: now[0])
    _fill_disk(tmp_path / "traffic.log")

    with structlog.testing.capture_logs() as said:
        for number in range(100):
            now[0] = number / 5
            ledger.record(_record(number))
        (tmp_path / "traffic.log").unlink()
        ledger.flush()
    ledger.close()

    assert [line["event"] for line in said] == ["books not written"] * 2 + ["everything is written again"]
    assert b"traffic_log_errors_total 100.0" in metrics.exposition()


def test_a_torn_tail_of_an_earlier_process_does_not_swallow_the_next_line(tmp_path: Path) -> None:
    path = tmp_path / "traffic.log"
    path.write_bytes(to_line(_record(1)) + to_line(_record(2))[:-9])

    with TrafficLog(path) as log:
        log.append(_record(2))

    assert _ids(path) == ["id-1", "id-2"]


@pytest.mark.parametrize("strategy", [Strategy.SINGLE, Strategy.SHADOW])
def test_with_a_full_disk_clients_are_served_and_every_line_is_written_once_there_is_space(
    strategy: Strategy, start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(strategy))
    if strategy is Strategy.SHADOW:
        server.wait_for_shadow()
    correct(server, "He goed home.", "before")
    server.wait_for(lambda: server.traffic_log.stat().st_size > 0, "done with the first line")
    aside = server.traffic_log.with_name("traffic.log.1")
    os.link(server.traffic_log, aside)
    _fill_disk(server.traffic_log)

    during = correct(server, "He goed home.", "during")
    server.wait_for(lambda: httpx.get(f"{server.address.url}/readyz").status_code == 503, "seen to be not ready")
    server.traffic_log.unlink()
    server.wait_for(lambda: httpx.get(f"{server.address.url}/readyz").status_code == 200, "ready again")
    correct(server, "He goed home.", "after")
    server.stop()

    assert during.status_code == 200
    assert _ids(aside) + _ids(server.traffic_log) == ["before", "during", "after"]


@contextmanager
def _locked(log: Path) -> Iterator[Callable[[object], None]]:
    """Hold the log's lock; gives what lets go of it, whatever it is called with."""
    log.touch()
    with log.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        yield lambda _: fcntl.flock(other, fcntl.LOCK_UN)


def test_closing_the_ledger_waits_for_the_logs_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path, Metrics())
    with _locked(tmp_path / "traffic.log") as let_go:
        ledger.record(_record(1))
        waiting = ledger.books.waiting
        monkeypatch.setattr(time, "sleep", let_go)
        ledger.close()

    assert waiting == 1
    assert _ids(tmp_path / "traffic.log") == ["id-1"]


def test_a_server_starts_and_stops_while_the_log_is_locked_and_the_next_start_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = Journal(tmp_path / "journal")
    dead.open_entry(_record(1))
    dead.close()
    monkeypatch.setattr(ledger_module, "LONG_LOCK_TIMEOUT_S", 0.0)
    with structlog.testing.capture_logs() as said, _locked(tmp_path / "traffic.log"):
        ledger = Ledger(tmp_path, Metrics())
        ledger.record(_record(2))
        ledger.close()

    Ledger(tmp_path, Metrics()).close()

    assert [line["event"] for line in said] == [
        "journal not recovered, the next start will",
        "books not written",
        "stopped before everything was written",
    ]
    assert said[-1]["lost"] == 1
    assert _ids(tmp_path / "traffic.log") == ["id-1"]


def _limit_file_size(size: int) -> Callable[[], None]:
    """Let no file of this process grow beyond a size; returns what takes the limit back."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_records_that_a_full_disk_never_accepted_are_counted_and_reported_in_the_log(tmp_path: Path) -> None:
    metrics = Metrics()
    ledger = Ledger(tmp_path, metrics)
    room_for_a_loss_line = len(to_line(_record(0))) - 1
    take_back = _limit_file_size(room_for_a_loss_line)
    try:
        with structlog.testing.capture_logs() as said:
            for number in range(14):
                ledger.record(_record(number))
            ledger.close()
    finally:
        take_back()

    contents = read_log(tmp_path / "traffic.log")
    assert (len(contents.records), contents.lost, contents.torn) == (0, 14, 0)
    assert b"traffic_log_lost_total 14.0" in metrics.exposition()
    assert (said[-1]["lost"], said[-1]["reported_in_log"]) == (14, True)


def test_every_answered_request_of_a_start_on_a_full_disk_is_counted(tmp_path: Path) -> None:
    metrics = Metrics()
    take_back = _limit_file_size(0)
    try:
        with structlog.testing.capture_logs():
            ledger = Ledger(tmp_path, metrics)
            for number in range(20):
                shadowed = replace(RECORD, record_id=f"{number:032x}")
                ledger.promise(shadowed, "B")
                ledger.record(shadowed)
            ledger.close()
    finally:
        take_back()

    assert read_log(tmp_path / "traffic.log").records == ()
    assert b"traffic_log_lost_total 20.0" in metrics.exposition()


def test_a_record_that_no_line_can_hold_is_counted_and_does_not_stop_the_others(tmp_path: Path) -> None:
    metrics = Metrics()
    ledger = Ledger(tmp_path, metrics)
    with structlog.testing.capture_logs() as said:
        ledger.promise(replace(RECORD, sentence="\ud800"), "B")
        ledger.record(replace(RECORD, sentence="\ud800"))
    ledger.record(_record(1))
    ledger.close()

    contents = read_log(tmp_path / "traffic.log")
    assert ([record.request_id for record in contents.records], contents.lost) == (["id-1"], 1)
    assert [line["event"] for line in said] == ["promise not written", "record lost"]
    assert b"traffic_log_lost_total 1.0" in metrics.exposition()
