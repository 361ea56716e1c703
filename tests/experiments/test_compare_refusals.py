"""What compare.py refuses: a sentence, the right exit code, and a report that cannot be mistaken for a verdict."""

import json
from collections.abc import Callable
from pathlib import Path

import compare
import pytest
from tests.minieval.synthetic_lab import SyntheticLab

from minieval.report.document import from_json

Spoil = Callable[[SyntheticLab], None]


def judge(lab: SyntheticLab, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Return the exit code and the text on stderr; the report must agree with both."""
    code = compare.main(lab.arguments())
    error = capsys.readouterr().err
    report = from_json((lab.folder / "report.json").read_bytes())
    assert report.exit_code == code
    if code == 3:
        assert report.verdict == "invalid"
        assert report.quality is None
        assert "**Verdict: invalid.**" in (lab.folder / "report.md").read_text()
        assert error.count("\n") == 1
    return code, error


def edit(key: str, value: object, block: str = "shadow", line: int = 7) -> Spoil:
    def spoil(lab: SyntheticLab) -> None:
        getattr(lab, block)[line][key] = value

    return spoil


def drop_line(lab: SyntheticLab) -> None:
    del lab.shadow[7]


def repeat_line(lab: SyntheticLab) -> None:
    lab.shadow.append(lab.shadow[7])


def empty_log(lab: SyntheticLab) -> None:
    lab.shadow, lab.ab = [], []


def one_line(lab: SyntheticLab) -> None:
    lab.shadow, lab.ab = lab.shadow[:1], []


def one_arm_served(lab: SyntheticLab) -> None:
    for line in lab.ab:
        if line["production_arm"] == "B":
            line["production_arm"] = line["traffic.arm"] = "A"
            for key in [key for key in line if key.endswith("_B")]:
                line[key.removesuffix("B") + "A"] = line.pop(key)


def all_dropped(lab: SyntheticLab) -> None:
    for line in lab.shadow:
        line.update(status_B="dropped", response_B=None, latency_ms_B=None, reason_B="queue full")


def fewer_than_planned(lab: SyntheticLab) -> None:
    lab.shadow = lab.shadow[:150]
    lab.plan_from_log()
    lab.manifest["run"]["planned_n"] = 200


def items_missing(lab: SyntheticLab) -> None:
    lab.items = [item for item in lab.items if item["id"] != "item-0003"]


def another_sentence(lab: SyntheticLab) -> None:
    lab.shadow[7]["sentence"] = lab.items[399]["sentence"]


def other_eval_set(lab: SyntheticLab) -> None:
    lab.manifest["run"]["eval_set_dvc_hash"] = "0" * 32


def unknown_policy(lab: SyntheticLab) -> None:
    lab.manifest["run"]["policy"] = "whatever"


def broken_eval_set(lab: SyntheticLab) -> None:
    lab.items[5]["accepted"] = []


def other_model_planned(lab: SyntheticLab) -> None:
    lab.manifest["run"]["arms"]["B"] = "e" * 64


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (empty_log, "400 sent, 0 logged"),
        (one_line, "400 sent, 1 logged"),
        (drop_line, "1 sent but not logged"),
        (edit("request_id", "req-9999"), "1 logged but not sent"),
        (repeat_line, "1 ids twice"),
        (edit("arm_shas", {"A": "a" * 64, "B": "e" * 64}), "names other models"),
        (other_model_planned, "names other models"),
        (edit("config_sha", "9" * 64), "was routed by another one"),
        (edit("salt", "other"), "several salts"),
        (one_arm_served, "200 ids on A, 0 on B"),
        (fewer_than_planned, "150 distinct items"),
        (items_missing, "199 distinct items"),
        (other_eval_set, "manifest.json names 00000000000000000000000000000000"),
        (all_dropped, "complete pairs: 0 of 200"),
        (another_sentence, "carries another item"),
        (edit("latency_ms_A", -1), "line 8: latency_ms_A"),
        (edit("latency_ms_A", float("nan")), "line 8: not JSON"),
        (edit("schema", 2), "line 8: schema"),
        (edit("status_B", "fine"), "line 8: status_B"),
        (unknown_policy, "run.policy"),
        (broken_eval_set, "eval set line 6: accepted"),
    ],
)
def test_inconsistent_evidence_is_invalid_and_the_report_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: Spoil, sentence: str
) -> None:
    lab = SyntheticLab(tmp_path)
    spoil(lab)

    code, error = judge(lab, capsys)

    assert code == 3
    assert sentence in error


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = SyntheticLab(tmp_path)
    arguments = lab.arguments()
    log = (tmp_path / "traffic.log").read_bytes().split(b"\n")
    log[20] = log[20][:40]
    (tmp_path / "traffic.log").write_bytes(b"\n".join(log))

    assert compare.main(arguments) == 3

    assert "traffic.log line 21: not JSON" in capsys.readouterr().err


def test_another_grader_than_the_baselines_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = SyntheticLab(tmp_path)
    arguments = lab.arguments()
    baseline = json.loads((tmp_path / "baseline.json").read_text())
    (tmp_path / "baseline.json").write_text(json.dumps({**baseline, "grader_sha": "0" * 64}))

    assert compare.main(arguments) == 3

    assert "GraderDrift: grader_sha is" in capsys.readouterr().err
    assert "GraderDrift" in (tmp_path / "report.md").read_text()


def test_a_refusal_replaces_the_report_of_an_earlier_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = SyntheticLab(tmp_path)
    assert judge(lab, capsys)[0] == 0
    drop_line(lab)

    assert judge(lab, capsys)[0] == 3

    assert "promote" not in (tmp_path / "report.md").read_text().split("## ")[0]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": 2}', b'{"schema": 1, "run": {}}', b"\xff"])
def test_an_unreadable_manifest_is_invalid_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    arguments = SyntheticLab(tmp_path).arguments()
    (tmp_path / "manifest.json").write_bytes(content)

    assert compare.main(arguments) == 3

    assert "manifest.json" in capsys.readouterr().err
    assert (tmp_path / "manifest.json").read_bytes() == content


@pytest.mark.parametrize("name", ["traffic.log", "manifest.json", "eval.jsonl", "baseline.json"])
def test_a_missing_file_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    arguments = SyntheticLab(tmp_path).arguments()
    (tmp_path / name).unlink()

    assert compare.main(arguments) == 2

    error = capsys.readouterr().err
    assert name in error
    assert error.count("\n") == 1
    assert not (tmp_path / "report.md").exists()


def test_an_unknown_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        compare.main(["--frobnicate"])

    assert exit_info.value.code == 2
    assert "--frobnicate" in capsys.readouterr().err


def test_a_log_of_the_shadow_block_alone_holds_because_latency_is_not_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = SyntheticLab(tmp_path)
    lab.ab = []
    del lab.manifest["run"]["blocks"][1]

    code, _ = judge(lab, capsys)

    assert code == 10
    assert "not measured" in (tmp_path / "report.md").read_text()


def test_an_eval_set_that_is_not_utf_8_is_named_with_the_byte(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = SyntheticLab(tmp_path).arguments()
    (tmp_path / "eval.jsonl").write_bytes(b'{"id": "\xff"}\n')

    assert compare.main(arguments) == 3

    assert "eval set is 'not UTF-8 from byte 8 on'" in capsys.readouterr().err


def test_what_a_log_says_cannot_drive_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = SyntheticLab(tmp_path)
    lab.shadow[7]["status_A"] = "\x1b[2Jfine\u202e"

    assert compare.main(lab.arguments()) == 3

    shown = capsys.readouterr()
    assert not {"\x1b", "\u202e"} & set(shown.out + shown.err)


def test_a_grader_that_raises_stops_the_judgement_and_names_the_item(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = SyntheticLab(tmp_path)
    for item in lab.items:
        item["verb"] = "blorb"  # no verb of the grid, so the grader cannot say what kind of mistake it is

    code, error = judge(lab, capsys)

    assert code == 3
    assert "the grader raised on item item-" in error


def test_other_inputs_without_a_folder_of_their_own_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refusal:
        compare.main(["--manifest", str(tmp_path / "manifest.json")])

    assert refusal.value.code == 2
    assert "--out is missing: expected a folder, as --manifest is not the run's" in capsys.readouterr().err
