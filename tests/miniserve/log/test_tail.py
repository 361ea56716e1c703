"""Following the end of a log that others write, rotate, remove and truncate."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.miniserve.log.test_records import RECORD

from minieval.record.line import to_line
from minieval.record.record import LONGEST_LINE
from miniserve.log.tail import FARTHEST_BACK, SLICE, LogTail


def line(number: int, sentence: str = RECORD.sentence) -> bytes:
    return to_line(replace(RECORD, record_id=f"{number:032x}", sentence=sentence))


def numbers(tail: LogTail) -> list[int]:
    return [int(record.record_id, 16) for records in tail.read() for record in records]


def append(log: Path, *content: bytes) -> None:
    with log.open("ab") as file:
        file.write(b"".join(content))


def test_each_read_continues_where_the_last_one_stopped(tmp_path: Path) -> None:
    log = tmp_path / "traffic.log"
    tail = LogTail(log)

    nothing = numbers(tail)
    append(log, line(1), line(2))
    first = numbers(tail)
    append(log, line(3))

    assert (nothing, first, numbers(tail), numbers(tail)) == ([], [1, 2], [3], [])


def test_a_line_is_read_once_it_is_complete(tmp_path: Path) -> None:
    log, tail = tmp_path / "traffic.log", LogTail(tmp_path / "traffic.log")
    whole = line(1)

    append(log, whole[:40])
    half = numbers(tail)
    append(log, whole[40:])

    assert (half, numbers(tail)) == ([], [1])


def test_after_a_rename_the_old_log_is_read_to_its_end_and_the_new_one_from_its_start(tmp_path: Path) -> None:
    log, tail = tmp_path / "traffic.log", LogTail(tmp_path / "traffic.log")
    append(log, line(1))
    numbers(tail)

    append(log, line(2))
    log.rename(tmp_path / "traffic.log.1")
    append(log, line(3))

    assert numbers(tail) == [2, 3]


def test_a_removed_log_is_waited_for(tmp_path: Path) -> None:
    log, tail = tmp_path / "traffic.log", LogTail(tmp_path / "traffic.log")
    append(log, line(1))
    numbers(tail)

    log.unlink()
    gone = numbers(tail)
    append(log, line(2))

    assert (gone, numbers(tail)) == ([], [2])


def test_a_truncated_log_is_read_from_its_beginning(tmp_path: Path) -> None:
    log, tail = tmp_path / "traffic.log", LogTail(tmp_path / "traffic.log")
    append(log, line(1), line(2))
    numbers(tail)

    log.write_bytes(line(3))

    assert numbers(tail) == [3]


def test_lines_that_are_not_records_are_counted_and_skipped(tmp_path: Path) -> None:
    log, tail = tmp_path / "traffic.log", LogTail(tmp_path / "traffic.log")
    append(log, line(1), b'{"schema":1,"lost_records":3,"ts":"2026"}\n', b"\xff\n", line(2))

    assert (numbers(tail), tail.unreadable) == ([1, 2], 2)


def test_reading_a_long_log_starts_near_its_end_at_the_start_of_a_line(tmp_path: Path) -> None:
    log, tail = tmp_path / "traffic.log", LogTail(tmp_path / "traffic.log")
    size = len(line(0, "x" * 500))
    count = 2 * FARTHEST_BACK // size
    append(log, *(line(number, "x" * 500) for number in range(count)))

    read = numbers(tail)

    assert read == list(range(read[0], count))
    assert tail.unreadable == 0
    assert abs(len(read) * size - FARTHEST_BACK) <= SLICE
    assert tail.skipped > 0


def test_a_line_with_a_time_that_does_not_exist_is_unreadable_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "traffic.log"
    line = to_line(RECORD)
    path.write_bytes(line.replace(b"2026-05-04", b"2026-02-30") + line.replace(b"2026-05-04T10", b"now") + line)

    tail = LogTail(path)
    records = [record for batch in tail.read() for record in batch]
    tail.close()

    assert (records, tail.unreadable) == ([RECORD], 2)


def test_a_log_on_stdout_cannot_be_followed() -> None:
    with pytest.raises(OSError, match="goes to stdout"):
        list(LogTail(None).read())


def test_an_endless_line_is_skipped_and_later_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "traffic.log"
    path.write_bytes(b"x" * (3 * LONGEST_LINE) + b"\n" + to_line(RECORD))

    tail = LogTail(path)
    records = [record for batch in tail.read() for record in batch]
    tail.close()

    assert records == [RECORD]
    assert tail.unreadable > 0
