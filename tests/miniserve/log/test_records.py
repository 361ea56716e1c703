"""The traffic record: one line per record, which round-trips; other lines are refused with a reason."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from minieval.record.line import parse_line, to_line
from minieval.record.record import ArmResult, RecordError, TrafficRecord
from minieval.record.statuses import STATUSES
from miniserve.log.traffic_log import TrafficLog, read_log

A, B = "a" * 64, "b" * 64
OK = ArmResult("ok", "He went home.", edit_applied=True, latency_ms=0.91, tokens=4)
SHADOWED = replace(OK, queue_ms=0.12, cpu_ms=0.9)
RECORD = TrafficRecord(
    record_id="0" * 32,
    ts="2026-05-04T10:11:12.345678Z",
    request_id="req-0001",
    trace_id="1" * 32,
    http_status=200,
    strategy="shadow",
    salt="prod-2026-05",
    config_sha="c" * 64,
    production_arm="A",
    shadow_arm="B",
    arm_shas={"A": A, "B": B},
    traffic_arm="A",
    sentence="He goed home.",
    results={"A": OK, "B": SHADOWED},
)
SINGLE = replace(RECORD, strategy="single", shadow_arm=None, results={"A": OK})


def test_a_shadow_line_has_the_keys_of_the_contract() -> None:
    line = json.loads(to_line(RECORD))

    assert line == {
        "schema": 1,
        "record_id": "0" * 32,
        "ts": "2026-05-04T10:11:12.345678Z",
        "request_id": "req-0001",
        "trace_id": "1" * 32,
        "http_status": 200,
        "strategy": "shadow",
        "salt": "prod-2026-05",
        "config_sha": "c" * 64,
        "production_arm": "A",
        "shadow_arm": "B",
        "arm_shas": {"A": A, "B": B},
        "traffic.arm": "A",
        "sentence": "He goed home.",
        "status_A": "ok",
        "response_A": "He went home.",
        "edit_applied_A": True,
        "latency_ms_A": 0.91,
        "tokens_A": 4,
        "status_B": "ok",
        "response_B": "He went home.",
        "edit_applied_B": True,
        "latency_ms_B": 0.91,
        "tokens_B": 4,
        "queue_ms_B": 0.12,
        "cpu_ms_B": 0.9,
        "reason_B": None,
    }


def test_without_a_shadow_only_the_served_arms_keys_are_present() -> None:
    line = json.loads(to_line(SINGLE))

    assert not [key for key in line if key.endswith("_B")]


@given(
    sentence=st.text(st.characters(exclude_categories=["Cs"])),
    answer=st.text(st.characters(exclude_categories=["Cs"])),
    status=st.sampled_from(STATUSES),
    latency=st.floats(0, 1e6),
)
def test_a_record_survives_its_line(sentence: str, answer: str, status: str, latency: float) -> None:
    failed = ArmResult(status, latency_ms=latency, queue_ms=latency, reason="why")  # type: ignore[arg-type]
    outcome = replace(SHADOWED, response=answer) if status == "ok" else failed
    record = replace(RECORD, sentence=sentence, results={"A": OK, "B": outcome})

    line = to_line(record)

    assert parse_line(line) == record
    assert line.count(b"\n") == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema": 2}, "schema is 2: expected 1"),
        ({"record_id": "x"}, "record_id is 'x'"),
        ({"trace_id": None}, "trace_id is None"),
        ({"production_arm": "\x1b[2J"}, "production_arm is '\\x1b[2J': expected a letter"),
        ({"shadow_arm": "B_"}, "shadow_arm is 'B_': expected a letter"),
        ({"http_status": True}, "http_status is True: expected a whole number from 100 to 599"),
        ({"arm_shas": {"A": A}}, "expected the SHA of every arm on the line"),
        ({"arm_shas": {"A": 5}}, "arm_shas is"),
        ({"status_A": "fine"}, "status_A is 'fine': expected bad_output, cancelled"),
        ({"response_A": None}, "response_A is None: expected text exactly when status_A is ok"),
        ({"latency_ms_A": None}, "latency_ms_A is None: expected milliseconds, because status_A is ok"),
        ({"latency_ms_B": -1}, "latency_ms_B is -1: expected milliseconds from 0"),
        ({"latency_ms_B": "1"}, "latency_ms_B is '1'"),
        ({"sentence": 1}, "sentence is 1: expected text"),
    ],
)
def test_an_unusable_line_is_refused_with_key_value_and_expectation(change: dict[str, object], sentence: str) -> None:
    line = json.dumps({**json.loads(to_line(RECORD)), **change}).encode()

    with pytest.raises(RecordError) as refusal:
        parse_line(line)

    assert sentence in str(refusal.value)


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"null", b"\xff", b'{"schema": 1, "latency_ms_A": NaN}'])
def test_a_line_that_is_not_a_record_is_refused(line: bytes) -> None:
    with pytest.raises(RecordError):
        parse_line(line)


@given(st.binary())
def test_any_bytes_are_parsed_or_refused(line: bytes) -> None:
    with pytest.raises(RecordError):
        parse_line(line)


def test_the_log_returns_the_appended_records(tmp_path: Path) -> None:
    with TrafficLog(tmp_path / "state" / "traffic.log") as log:
        log.append(RECORD)
        log.append(SINGLE)

    assert read_log(tmp_path / "state" / "traffic.log").records == (RECORD, SINGLE)


def test_a_torn_tail_is_counted_not_read(tmp_path: Path) -> None:
    path = tmp_path / "traffic.log"
    path.write_bytes(to_line(RECORD) + to_line(SINGLE)[:-9])

    contents = read_log(path)

    assert (contents.records, contents.torn) == ((RECORD,), 1)


def test_a_torn_tail_is_terminated_before_the_next_record(tmp_path: Path) -> None:
    path = tmp_path / "traffic.log"
    path.write_bytes(to_line(RECORD)[:-9])

    with TrafficLog(path) as log:
        log.append(SINGLE)

    assert path.read_bytes().split(b"\n")[1] + b"\n" == to_line(SINGLE)


def test_a_broken_line_in_the_middle_is_an_error_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "traffic.log"
    path.write_bytes(to_line(RECORD) + b"{broken\n" + to_line(SINGLE))

    with pytest.raises(RecordError, match=r"traffic\.log line 2: not JSON"):
        read_log(path)


def test_the_log_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    with TrafficLog(tmp_path / "traffic.log") as log:
        assert log.path.stat().st_mode & 0o077 == 0
