"""report.md says what is unusual about a run, and is silent where nothing is."""

from pathlib import Path

import compare
import pytest
from tests.minieval.synthetic_lab import SyntheticLab

from minieval.report.document import from_json


def rendered(lab: SyntheticLab) -> str:
    compare.main(lab.arguments())
    return (lab.folder / "report.md").read_text()


def test_an_unremarkable_run_has_no_remarks(tmp_path: Path) -> None:
    text = rendered(SyntheticLab(tmp_path))

    for remark in ("Warm-up", "Never run", "Simpson", "varying answers", "> timeout", "sensitivity)", "20,000"):
        assert remark not in text


def test_a_declared_warm_up_is_left_out_and_reported(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    lab.manifest["run"]["warmup"] = 3

    assert "Warm-up left out, as declared: 3 requests on A, 3 on B." in rendered(lab)


def test_failed_requests_rank_beyond_the_timeout_and_survivors_are_shown(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    for line in [line for line in lab.ab if line["production_arm"] == "B"][:8]:
        line.update(status_B="timeout", response_B=None, latency_ms_B=None, reason_B="deadline", http_status=504)

    text = rendered(lab)

    row = next(line for line in text.splitlines() if line.startswith("| B ") and "timeout" in line)
    assert [cell.strip() for cell in row.split("|")][2:4] == ["100", "8"]
    assert "B, answered only (sensitivity)" in text


def test_a_request_cancelled_by_its_client_is_counted_separately(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    lab.ab[0].update(status_A="cancelled", response_A=None, latency_ms_A=None, reason_A="client gone")

    assert "Never run, left out: 1 requests on A, 0 on B." in rendered(lab)


def test_items_with_varying_answers_are_counted(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    again = {**lab.shadow[0], "record_id": "f" * 32}
    again["response_B"] = (
        "They say nothing." if again["response_B"] == lab.items[0]["accepted"][0] else lab.items[0]["accepted"][0]
    )
    lab.shadow.append(again)

    assert "1 items got varying answers" in rendered(lab)


def test_long_lists_of_cases_end_with_a_pointer_to_the_rest(tmp_path: Path) -> None:
    text = rendered(SyntheticLab(tmp_path, (150, 26, 6, 18)))

    assert text.count("\n  - in: ") == 6 + 8
    assert "18 more in report.html." in text


def test_arms_may_have_other_names_than_a_and_b(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)

    def renamed(key: str) -> str:
        return key[:-1] + {"A": "base", "B": "tutor"}[key[-1]] if key[-2:] in {"_A", "_B"} else key

    for lines in (lab.shadow, lab.ab):
        for i, line in enumerate(lines):
            lines[i] = {renamed(key): value for key, value in line.items()}
            lines[i]["production_arm"] = {"A": "base", "B": "tutor"}[line["production_arm"]]
            lines[i]["traffic.arm"] = lines[i]["production_arm"]
            lines[i]["shadow_arm"] = "tutor" if line["shadow_arm"] else None
            lines[i]["arm_shas"] = {"base": "a" * 64, "tutor": "b" * 64}
    lab.manifest["run"]["arms"] = {"base": "a" * 64, "tutor": "b" * 64}
    for block in lab.manifest["run"]["blocks"]:
        block["config"] = {"production_arm": "base", "shadow_arm": "tutor"}

    text = rendered(lab)

    assert "**Verdict: promote" in text
    assert "| arm B " in text
    assert "`tutor` `bbbb" in text


def test_the_printed_numbers_are_those_of_the_document(tmp_path: Path) -> None:
    text = rendered(SyntheticLab(tmp_path))

    report = from_json((tmp_path / "report.json").read_bytes())
    assert report.quality is not None
    interval = report.quality.primary.deciding.interval
    shown = f"{100 * interval.estimate:+.1f} [{100 * interval.low:+.1f}, {100 * interval.high:+.1f}]"
    assert shown in text
    assert report.quality.primary.n == 200


@pytest.mark.parametrize("table", [(5, 0, 0, 0), (0, 0, 0, 5), (1, 1, 1, 1), (0, 1, 0, 0)])
def test_tiny_runs_are_reported_without_nan_or_infinity(tmp_path: Path, table: tuple[int, int, int, int]) -> None:
    text = rendered(SyntheticLab(tmp_path, table)).lower().replace("banana", "")

    assert "nan" not in text
    assert "inf]" not in text
    assert "none]" not in text
