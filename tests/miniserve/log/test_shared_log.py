"""One traffic.log, several writers: no torn and no interleaved lines, whatever happens to the other writers."""

import fcntl
import multiprocessing
import os
import random
import resource
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.miniserve.log.test_records import SINGLE

from minieval.record.line import to_line
from minieval.record.record import TrafficRecord
from miniserve.log.traffic_log import TrafficLog, read_log

RECORDS_EACH = 300


def _record(writer: int, number: int) -> TrafficRecord:
    return replace(SINGLE, record_id=f"{writer:016x}{number:016x}", request_id=f"{writer}-{number}")


def _append(log: TrafficLog, record: TrafficRecord) -> None:
    """Append as the ledger does: a turn that was not to be had is asked for again."""
    while True:
        try:
            log.append(record)
        except BlockingIOError:
            continue
        return


def _write(path: Path, writer: int) -> None:
    with TrafficLog(path) as log:
        for number in range(RECORDS_EACH):
            _append(log, _record(writer, number))


def _write_on_a_full_disk(path: Path, writer: int) -> None:
    """Write each record once a disk that has room for a part of it was met: a limit on the file's size."""
    rng = random.Random(writer)  # noqa: S311 - where a line is cut
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    with TrafficLog(path) as log:
        for number in range(RECORDS_EACH):
            record = _record(writer, number)
            room = path.stat().st_size + rng.randrange(1, 3 * len(to_line(record)))
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
            try:
                log.append(record)
            except OSError:
                resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
                _append(log, record)
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def test_processes_that_share_a_log_do_not_tear_each_others_lines_even_on_a_full_disk(
    tmp_path: Path,
) -> None:
    path = tmp_path / "traffic.log"
    spawn = multiprocessing.get_context("spawn")
    targets = (_write, _write, _write_on_a_full_disk, _write_on_a_full_disk)
    writers = [spawn.Process(target=target, args=(path, writer)) for writer, target in enumerate(targets)]

    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)

    assert [writer.exitcode for writer in writers] == [0] * 4
    contents = read_log(path)
    assert contents.torn == 0
    assert sorted(record.request_id for record in contents.records) == sorted(
        f"{writer}-{number}" for writer in range(4) for number in range(RECORDS_EACH)
    )


def test_removing_a_fragment_does_not_remove_another_processs_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "traffic.log"
    limits, truncate, flock = resource.getrlimit(resource.RLIMIT_FSIZE), os.ftruncate, fcntl.flock
    refused = threading.Event()
    with TrafficLog(path) as log, TrafficLog(path) as anothers:
        log.append(_record(1, 1))
        another = threading.Thread(target=_append, args=(anothers, _record(2, 1)))

        def flock_and_tell(descriptor: int, operation: int) -> None:
            try:
                flock(descriptor, operation)
            except BlockingIOError:
                refused.set()
                raise

        def truncate_once_another_wants_to_write(descriptor: int, size: int) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            another.start()
            assert refused.wait(10)
            truncate(descriptor, size)

        # The moment between a short write and its taking back is too short to be hit from outside.
        monkeypatch.setattr(os, "ftruncate", truncate_once_another_wants_to_write)
        monkeypatch.setattr(fcntl, "flock", flock_and_tell)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, limits[1]))
        with pytest.raises(OSError, match="20 of"):
            log.append(_record(1, 2))
        another.join(10)

    assert [record.request_id for record in read_log(path).records] == ["1-1", "2-1"]


def test_a_fragment_of_a_killed_writer_swallows_no_line_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "traffic.log"
    with TrafficLog(path) as log:
        log.append(_record(1, 1))
        with path.open("ab") as killed:
            killed.write(to_line(_record(2, 1))[:50])
        log.append(_record(1, 2))
        log.append(_record(2, 1))

    contents = read_log(path)
    assert [record.request_id for record in contents.records] == ["1-1", "1-2", "2-1"]
    assert contents.torn == 1


def test_after_a_lock_timeout_writes_do_not_wait_until_the_lock_was_free_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    flock = fcntl.flock

    def flock_and_count(descriptor: int, operation: int) -> None:
        if operation & fcntl.LOCK_EX:
            asked.append(descriptor)
        flock(descriptor, operation)

    def times_asked(log: TrafficLog, number: int) -> int:
        asked.clear()
        with suppress(BlockingIOError):
            log.append(_record(1, number))
        return len(asked)

    path = tmp_path / "traffic.log"
    with TrafficLog(path) as log, path.open("rb") as others:
        flock(others, fcntl.LOCK_EX)
        monkeypatch.setattr(fcntl, "flock", flock_and_count)
        held = [times_asked(log, number) for number in range(3)]
        flock(others, fcntl.LOCK_UN)
        free = times_asked(log, 3)
        flock(others, fcntl.LOCK_EX)
        held_again = times_asked(log, 4)

    assert held[0] > 1
    assert held[1:] == [1, 1]
    assert free == 1
    assert held_again > 1
    assert [record.request_id for record in read_log(path).records] == ["1-3"]
