"""The journal: whatever dies, the next start gives every answered request exactly one line."""

import os
import resource
import shutil
import signal
import threading
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.conftest import Routing, StartServer, correct
from tests.miniserve.log.test_records import RECORD

from minieval.record.line import to_line
from minieval.record.record import ArmResult, RecordError, TrafficRecord
from miniserve.log import journal as journal_module
from miniserve.log.journal import Journal, recover
from miniserve.log.traffic_log import TrafficLog, read_log
from miniserve.traffic import Strategy


def _record(number: int) -> TrafficRecord:
    return replace(RECORD, record_id=f"{number:032x}", request_id=f"id-{number}")


def _if_killed(record: TrafficRecord) -> TrafficRecord:
    return replace(record, results={**record.results, "B": ArmResult("interrupted", reason="died")})


def _abandon(folder: Path, *records: TrafficRecord) -> None:
    """Leave a journal as a killed process does: its files, and no lock on them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "1-dead-1.jsonl").write_bytes(b"".join(to_line(_if_killed(record)) for record in records))


def test_a_settled_journal_leaves_nothing_behind(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.open_entry(_record(1))
    journal.settle(_record(1).record_id)

    journal.close()

    assert list(tmp_path.iterdir()) == []


def test_recovery_adds_only_the_lines_that_the_log_lacks(tmp_path: Path) -> None:
    _abandon(tmp_path / "journal", _record(1), _record(2), _record(3))
    with TrafficLog(tmp_path / "traffic.log") as log:
        log.append(_record(2))

        recovered = recover(tmp_path / "journal", log)

    assert recovered == 2
    assert read_log(tmp_path / "traffic.log").records == (
        _record(2),
        _if_killed(_record(1)),
        _if_killed(_record(3)),
    )
    assert list((tmp_path / "journal").glob("*.jsonl")) == []


def test_a_second_recovery_changes_nothing(tmp_path: Path) -> None:
    _abandon(tmp_path / "journal", _record(1))

    with TrafficLog(tmp_path / "traffic.log") as log:
        counts = [recover(tmp_path / "journal", log), recover(tmp_path / "journal", log)]

    assert counts == [1, 0]


def test_the_next_recovery_finishes_one_that_died(tmp_path: Path) -> None:
    _abandon(tmp_path / "journal", _record(1), _record(2))
    with TrafficLog(tmp_path / "traffic.log") as log:
        log.append(_if_killed(_record(1)))  # as far as the first recovery came

        recover(tmp_path / "journal", log)

    assert [r.request_id for r in read_log(tmp_path / "traffic.log").records] == ["id-1", "id-2"]


def test_the_journal_of_a_live_process_is_left_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.open_entry(_if_killed(_record(1)))

    with TrafficLog(tmp_path / "traffic.log") as log:
        recovered = recover(tmp_path / "journal", log)

    assert recovered == 0
    assert len(list((tmp_path / "journal").glob("*.jsonl"))) == 1


def test_a_journal_that_its_process_removes_meanwhile_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "1-gone-1.jsonl").symlink_to(tmp_path / "nowhere")

    with TrafficLog(tmp_path / "traffic.log") as log:
        assert recover(tmp_path / "journal", log) == 0


@pytest.mark.parametrize("room", [0, 1, 100, 900])
def test_an_entry_that_a_full_disk_tore_does_not_swallow_the_next(room: int, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        for _ in range(3):
            with suppress(OSError):
                journal.open_entry(_if_killed(_record(1)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    journal.open_entry(_if_killed(_record(2)))
    (file,) = (tmp_path / "journal").glob("*.jsonl")
    _abandon(tmp_path / "dead")
    (tmp_path / "dead" / "1-dead-1.jsonl").write_bytes(file.read_bytes())

    with TrafficLog(tmp_path / "traffic.log") as log:
        recover(tmp_path / "dead", log)

    assert "id-2" in [r.request_id for r in read_log(tmp_path / "traffic.log").records]


@given(cut=st.integers(0, len(to_line(_if_killed(_record(2)))) - 1))
def test_a_torn_entry_is_skipped_because_its_reply_had_not_left(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("torn")
    _abandon(folder / "journal", _record(1))
    with (folder / "journal" / "1-dead-1.jsonl").open("ab") as file:
        file.write(to_line(_if_killed(_record(2)))[:cut])

    with TrafficLog(folder / "traffic.log") as log:
        recover(folder / "journal", log)

    assert [r.request_id for r in read_log(folder / "traffic.log").records] in (["id-1"], ["id-1", "id-2"])


def test_a_line_torn_in_the_log_is_recovered_and_its_fragment_counted(tmp_path: Path) -> None:
    _abandon(tmp_path / "journal", _record(2))
    (tmp_path / "traffic.log").write_bytes(to_line(_record(1)) + to_line(_record(2))[:200])

    with TrafficLog(tmp_path / "traffic.log") as log:
        recover(tmp_path / "journal", log)
        log.append(_record(3))

    contents = read_log(tmp_path / "traffic.log")
    assert [r.request_id for r in contents.records] == ["id-1", "id-2", "id-3"]
    assert contents.torn == 1


def test_a_fragment_whose_record_was_not_recovered_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "traffic.log").write_bytes(to_line(_record(1))[:200] + b"\n" + to_line(_record(2)))

    with pytest.raises(RecordError, match="line 1"):
        read_log(tmp_path / "traffic.log")


@pytest.mark.parametrize("length", [1, 24, 25, 40, 56])
def test_the_shortest_fragment_is_counted(length: int, tmp_path: Path) -> None:
    (tmp_path / "traffic.log").write_bytes(to_line(_record(1))[:length] + b"\n" + to_line(_record(1)))

    assert read_log(tmp_path / "traffic.log").torn == 1


@pytest.mark.parametrize("line", [b"", b"x", b'{"schema":1,"record_id":"' + b"e" * 9, b'{"schema":2'])
def test_a_fragment_that_no_writer_can_have_started_is_an_error(line: bytes, tmp_path: Path) -> None:
    (tmp_path / "traffic.log").write_bytes(line + b"\n" + to_line(_record(1)))

    with pytest.raises(RecordError, match="line 1"):
        read_log(tmp_path / "traffic.log")


def test_a_settled_entry_is_not_recovered_into_the_log_after_a_rotation(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    with TrafficLog(tmp_path / "traffic.log") as log:
        for number in (1, 2):
            journal.open_entry(_if_killed(_record(number)))
        log.append(_record(1))
        journal.settle(_record(1).record_id)
        (tmp_path / "traffic.log").rename(tmp_path / "traffic.log.1")
        journal.close()  # as a kill leaves it: a file without a lock, for record 2 is not settled

        recover(tmp_path / "journal", log)

    assert [r.request_id for r in read_log(tmp_path / "traffic.log.1").records] == ["id-1"]
    assert [r.request_id for r in read_log(tmp_path / "traffic.log").records] == ["id-2"]


def test_a_removed_journal_is_recreated(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    shutil.rmtree(tmp_path / "journal")

    journal.open_entry(_if_killed(_record(1)))
    journal.close()

    with TrafficLog(tmp_path / "traffic.log") as log:
        assert recover(tmp_path / "journal", log) == 1


def test_only_files_with_unsettled_entries_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # 4 MB of entries would take long to write, so the bound is lowered.
    monkeypatch.setattr(journal_module, "GENERATION_BYTES", 10_000)
    journal = Journal(tmp_path)
    journal.open_entry(_record(0))

    for number in range(1, 200):
        journal.open_entry(_record(number))
        journal.settle(_record(number).record_id)

    # the file of the one unsettled entry, and the current one
    assert len(list(tmp_path.iterdir())) == 2
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 4 * 10_000


@pytest.mark.parametrize("victims", [("server",), ("worker", "server")])
def test_after_a_kill_every_answered_request_has_exactly_one_line(
    victims: tuple[str, ...], start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.SHADOW))
    server.wait_for_shadow()
    pids = {"server": server.address.pid, "worker": server.details()["shadow"]["pid"]}
    answered: list[str] = []
    half_way = threading.Event()

    def load() -> None:
        try:
            for number in range(1_000):
                if correct(server, "He goed home.", f"id-{number}").status_code == 200:
                    answered.append(f"id-{number}")
                if number == 30:
                    half_way.set()
        except httpx.HTTPError:
            half_way.set()

    loader = threading.Thread(target=load)
    loader.start()
    half_way.wait(30)
    for victim in victims:
        os.kill(pids[victim], signal.SIGKILL)
    loader.join(60)
    server.kill()
    server.start()
    server.stop()

    logged = [record.request_id for record in read_log(server.traffic_log).records]
    assert len(answered) > 30
    assert set(answered) <= set(logged)
    assert len(logged) == len(set(logged))
    assert list((server.folder / "journal").glob("*.jsonl")) == []


def test_the_promise_is_on_disk_before_the_reply_leaves(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SHADOW), fault="waits-for-ever", SHADOW_TIMEOUT_MS="600000", DRAIN_MS="0")
    server.wait_for_shadow()
    (journal_file,) = (server.folder / "journal").glob("*.jsonl")

    reply = correct(server, "He goed home.", "promised")
    text = journal_file.read_text(encoding="utf-8")

    assert reply.status_code == 200
    assert '"request_id":"promised"' in text
    assert '"status_B":"interrupted"' in text
