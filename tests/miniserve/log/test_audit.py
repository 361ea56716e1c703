"""The audit of a log: sent = logged = paired + each kind of missing."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.miniserve.log.test_records import RECORD, SINGLE

from minieval.record.line import to_line
from minieval.record.record import ArmResult, TrafficRecord
from minieval.record.statuses import STATUSES
from miniserve.log.audit import audit, main, read_ids


def _record(number: int, status: str = "ok") -> TrafficRecord:
    shadow = RECORD.results["B"] if status == "ok" else ArmResult(status, reason="why")  # type: ignore[arg-type]
    results = {"A": RECORD.results["A"], "B": shadow}
    return replace(RECORD, record_id=f"{number:032x}", request_id=f"id-{number}", results=results)


def test_a_complete_log_has_no_findings() -> None:
    records = [_record(1), _record(2, "timeout"), replace(SINGLE, request_id="id-3", record_id="f" * 32)]

    found = audit(records, ["id-1", "id-2", "id-3"])

    assert (found.sent, found.logged, found.findings) == (3, 3, ())
    assert found.outcomes == (("B timeout", 1), ("no shadow", 1), ("paired", 1))


@given(st.lists(st.sampled_from(STATUSES)))
def test_every_line_has_exactly_one_outcome(statuses: list[str]) -> None:
    records = [_record(number, status) for number, status in enumerate(statuses)]

    found = audit(records, [record.request_id for record in records])

    assert sum(count for _, count in found.outcomes) == found.logged == len(records)
    assert found.findings == ()


@pytest.mark.parametrize(
    ("numbers", "lost", "sent", "finding"),
    [
        ([1], 0, ["id-1", "id-2"], "1 sent but not logged: 'id-2'"),
        ([1, 2], 0, ["id-1"], "1 logged but not sent: 'id-2'"),
        ([1], 0, ["id-1", "id-1"], "1 sent but not logged: 'id-1'"),
        ([1, 1], 0, ["id-1", "id-1"], f"1 record ids that occur twice: '{1:032x}'"),
        ([1], 7, ["id-1"], "7 records lost, as the log itself reports"),
        ([], 0, [f"id-{n}" for n in range(9)], "9 sent but not logged: 'id-0', 'id-1', 'id-2', 'id-3', 'id-4', ..."),
    ],
)
def test_discrepancies_are_named(numbers: list[int], lost: int, sent: list[str], finding: str) -> None:
    assert audit([_record(number) for number in numbers], sent, lost=lost).findings == (finding,)


@pytest.mark.parametrize(("logged", "findings"), [([1], ()), ([1, 2], ()), ([2], ("1 sent but not logged: 'id-1'",))])
def test_an_unanswered_id_may_or_may_not_have_a_line(logged: list[int], findings: tuple[str, ...]) -> None:
    records = [_record(number) for number in logged]

    assert audit(records, ["id-1", "id-2"], unanswered=["id-2"]).findings == findings


def test_the_command_exits_0_without_findings_and_3_with_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, ids, manifest = tmp_path / "traffic.log", tmp_path / "ids.txt", tmp_path / "manifest.json"
    log.write_bytes(to_line(_record(1)) + to_line(_record(2)))
    ids.write_text("id-1\nid-2\n", encoding="utf-8")
    manifest.write_text(json.dumps({"run": {"blocks": [{"requests": {"id-1": "item"}}]}}), encoding="utf-8")

    assert main([str(log), str(ids)]) == 0
    assert main([str(log), str(manifest)]) == 3
    assert "1 logged but not sent: 'id-2'" in capsys.readouterr().err


def test_the_command_accepts_a_file_of_unanswered_ids(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, ids, unanswered = tmp_path / "traffic.log", tmp_path / "ids.txt", tmp_path / "unanswered.txt"
    # as a crash leaves it: the beginning of a line, and the whole one that the journal had
    log.write_bytes(to_line(_record(1))[:100] + b"\n" + to_line(_record(1, "interrupted")))
    ids.write_text("id-1\nid-2\n", encoding="utf-8")
    unanswered.write_text("id-2\n", encoding="utf-8")

    assert main([str(log), str(ids), "--unanswered", str(unanswered)]) == 0
    said = capsys.readouterr().out
    assert "sent 2, unanswered 1, logged 1" in said
    assert "B interrupted: 1" in said
    assert "1 torn line" in said
    assert main([str(log), str(ids)]) == 3


def test_the_command_exits_2_when_a_file_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "traffic.log"
    log.write_bytes(b"{broken\n")

    assert main([str(log), str(log)]) == 2
    assert main([str(tmp_path / "absent"), str(log)]) == 2
    assert "traffic.log line 1: not JSON" in capsys.readouterr().err


def test_a_json_file_that_is_not_a_manifest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text("[]", encoding="utf-8")

    with pytest.raises(ValueError, match="expected a lab's manifest"):
        read_ids(path)
