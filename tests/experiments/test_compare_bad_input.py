"""Every kind of bad input: a named sentence and the right exit code, or an honest report; never a traceback, never nan.

compare.main is what the script runs. An exception that left it would fail the test, as would a word like nan or inf in
any file that it writes.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import compare
import pytest
from tests.minieval.synthetic_lab import SyntheticLab

from minieval.grading.identity import REPOSITORY
from minieval.report.document import Report, from_json

NO_NUMBER = re.compile(r"(?<![\w-])(nan|-?inf|infinity)(?![\w-])", re.IGNORECASE)
SAME = "She answered."
Table = tuple[int, int, int, int]


def judge(lab: SyntheticLab, capsys: pytest.CaptureFixture[str]) -> tuple[int, Report, str]:
    """Return exit code, report and stderr, after checking that no file contains NaN or infinity."""
    code = compare.main(lab.arguments())
    shown = capsys.readouterr()
    report = from_json((lab.folder / "report.json").read_bytes())
    assert report.exit_code == code
    assert "Traceback" not in shown.out + shown.err
    for path in (*lab.folder.glob("report.*"), *lab.folder.glob("figures/*"), lab.folder / "manifest.json"):
        assert NO_NUMBER.findall(path.read_text(encoding="utf-8")) == [], path.name
    assert NO_NUMBER.findall(shown.out + shown.err) == []
    if code == 3:
        assert report.quality is None
        assert shown.err.startswith("compare.py: invalid: ")
        assert shown.err.count("\n") == 1
    else:
        assert shown.err == ""
    return code, report, shown.err


def shadow_answers(lab: SyntheticLab, arm: str, **values: object) -> None:
    for line in lab.shadow:
        line.update({f"{key}_{arm}": value for key, value in values.items()})


def same_answers(lab: SyntheticLab) -> None:
    for line in lab.shadow:
        line["response_A"] = line["response_B"] = SAME


def no_items(lab: SyntheticLab) -> None:
    for line in lab.shadow:
        line["sentence"] = "Nobody planned " + line["request_id"]


def other_schema(lab: SyntheticLab) -> None:
    lab.shadow = [{"time": 1, "model": "A", "text": line["sentence"]} for line in lab.shadow]


def everything_twice(lab: SyntheticLab) -> None:
    lab.shadow, lab.ab = lab.shadow * 2, lab.ab * 2


def one_arm_in_the_shadow_block(lab: SyntheticLab) -> None:
    for line in lab.shadow:
        line.update(shadow_arm=None)
        for key in [key for key in line if key.endswith("_B")]:
            del line[key]


def mixed_salts(lab: SyntheticLab) -> None:
    for line in lab.shadow[100:]:
        line["salt"] = "prod-2026-06"


def mixed_shas(lab: SyntheticLab) -> None:
    for line in lab.ab[::3]:
        line["arm_shas"] = {"A": "a" * 64, "B": "c" * 64}


def endless(lab: SyntheticLab) -> None:
    lab.ab[4]["latency_ms_A"] = 1e300


def one_arm_alone(lab: SyntheticLab) -> None:
    lab.ab = [line for line in lab.ab if line["production_arm"] == "A"]
    lab.plan_from_log()


def one_line(lab: SyntheticLab) -> None:
    lab.shadow, lab.ab = lab.shadow[:1], []


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (one_line, "request ids: 400 sent, 1 logged"),
        (one_arm_alone, "sample ratio: 100 ids on A, 0 on B"),
        (one_arm_in_the_shadow_block, "planned pairs: 0 distinct items"),
        (no_items, "planned pairs: 0 distinct items"),
        (everything_twice, "records: 800 records, 400 ids twice, first 0000"),
        (mixed_salts, "configurations: shadow 111111111111 has several salts"),
        (mixed_shas, "arms: 67 records; the first, 0000000000000000000000000000000000000000"),
        (other_schema, "traffic.log line 1: schema is None: expected 1"),
        (endless, "latency_ms_A is 1e+300: expected milliseconds from 0 to 1e+12"),
    ],
)
def test_evidence_that_must_not_be_judged_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[SyntheticLab], None], sentence: str
) -> None:
    lab = SyntheticLab(tmp_path)
    spoil(lab)

    code, _, error = judge(lab, capsys)

    assert code == 3
    assert sentence.removesuffix("0" * 28) in error


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-0.5", b'"fast"', b"true"])
def test_an_invalid_latency_is_named_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: bytes
) -> None:
    lab = SyntheticLab(tmp_path)
    lab.ab[3]["latency_ms_B"] = "here"
    arguments = lab.arguments()
    log = (tmp_path / "traffic.log").read_bytes()
    (tmp_path / "traffic.log").write_bytes(log.replace(b'"here"', number))

    assert compare.main(arguments) == 3

    assert "compare.py: invalid: RecordRefused: traffic.log line 204: " in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"\n", b"\n\n\n", b"\x00\x00", b"\xff\xfe", b"{}\n", b"[]\n", b"null\n"])
def test_a_log_without_records_is_invalid_whatever_it_contains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    arguments = SyntheticLab(tmp_path).arguments()
    (tmp_path / "traffic.log").write_bytes(content)

    assert compare.main(arguments) == 3

    assert capsys.readouterr().err.startswith("compare.py: invalid: ")


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ((200, 0, 0, 0), 10),
        ((0, 0, 0, 200), 10),
        ((0, 200, 0, 0), 0),
        ((0, 0, 200, 0), 20),
        ((1, 0, 0, 0), 10),
        ((0, 1, 0, 0), 10),
        ((0, 0, 1, 0), 10),
        ((0, 0, 0, 1), 10),
        ((1, 1, 0, 0), 10),
    ],
)
def test_all_right_all_wrong_and_single_pairs_give_an_honest_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: Table, code: int
) -> None:
    found, report, _ = judge(SyntheticLab(tmp_path, table), capsys)

    assert found == code
    assert report.quality is not None
    assert report.quality.primary.n == sum(table)


def test_identical_answers_give_no_useful_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = SyntheticLab(tmp_path)
    same_answers(lab)

    code, report, _ = judge(lab, capsys)

    assert code == 10
    assert report.reasons[0].startswith("no useful difference")
    assert report.disagreement is not None
    assert report.disagreement.differing == 0


@pytest.mark.parametrize("latency", [0.0, 1e-9, 1.0, 1e12])
def test_ties_throughout_compare_as_equal(tmp_path: Path, capsys: pytest.CaptureFixture[str], latency: float) -> None:
    lab = SyntheticLab(tmp_path)
    for line in lab.ab:
        line[f"latency_ms_{line['production_arm']}"] = latency

    code, report, _ = judge(lab, capsys)

    assert code == 0
    assert report.latency is not None
    compared = report.latency.served.comparison
    assert compared is not None
    assert (compared.p50.ratio.estimate, compared.mann_whitney.pvalue) == (1.0, 1.0)


@pytest.mark.parametrize(("status", "code"), [("error", 20), ("timeout", 20), ("bad_output", 20), ("interrupted", 3)])
def test_a_b_that_never_answers_is_judged_as_wrong_or_not_at_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], status: str, code: int
) -> None:
    lab = SyntheticLab(tmp_path)
    shadow_answers(lab, "B", status=status, response=None, latency_ms=None, reason="no")

    assert judge(lab, capsys)[0] == code


def test_an_a_b_block_in_which_every_request_failed_has_no_percentiles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = SyntheticLab(tmp_path)
    for line in lab.ab:
        arm = line["production_arm"]
        line.update(
            {f"status_{arm}": "timeout", f"response_{arm}": None, f"latency_ms_{arm}": None, f"reason_{arm}": "no"}
        )

    code, report, _ = judge(lab, capsys)

    assert code == 10
    assert "find out why requests fail" in " ".join(report.next_steps)
    assert "> timeout" in (tmp_path / "report.md").read_text()


def test_repeated_request_ids_with_varying_answers_count_once_per_item(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = SyntheticLab(tmp_path)
    again = [{**line, "record_id": f"{i + 9000:032x}", "response_B": SAME} for i, line in enumerate(lab.shadow)]
    lab.shadow += again

    code, report, _ = judge(lab, capsys)

    assert code == 20
    assert report.quality is not None
    assert (report.quality.primary.n, report.quality.primary.requests) == (200, 400)
    assert report.quality.primary.varying_items == 176
    assert report.missing is not None
    assert report.missing.repeated_request_ids == 200


def test_items_that_left_the_eval_set_are_counted_not_dropped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = SyntheticLab(tmp_path)
    lab.manifest["run"]["planned_n"] = 190
    lab.items = lab.items[5:]

    code, report, _ = judge(lab, capsys)

    assert code == 0
    assert report.missing is not None
    assert report.missing.ungradable == 5
    assert "5 without an item" in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize("alpha", [1e-17, 1e-300])
def test_an_alpha_that_no_float_confidence_can_hold_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], alpha: float
) -> None:
    lab = SyntheticLab(tmp_path)
    lab.manifest["run"]["alpha"] = alpha

    code, _, error = judge(lab, capsys)

    assert code == 3
    assert "confidence is 1.0: expected a number strictly between 0 and 1" in error


def test_the_script_itself_ends_with_a_sentence_not_a_traceback(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    lab.shadow[7]["latency_ms_B"] = -3
    command = (sys.executable, str(REPOSITORY / "experiments" / "38-shadow-ab" / "compare.py"), *lab.arguments())

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 3
    assert done.stderr == (
        "compare.py: invalid: RecordRefused: traffic.log line 8: "
        "latency_ms_B is -3: expected milliseconds from 0 to 1e+12, or null\n"
    )
    assert json.loads((tmp_path / "report.json").read_text())["verdict"] == "invalid"
