"""compare.py on synthetic labs: verdicts, exit codes, and what it leaves behind."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import compare
import pytest
from tests.minieval.synthetic_lab import SyntheticLab

from minieval.grading.identity import REPOSITORY
from minieval.report.document import from_json

SECTIONS = [
    "## Conjugation quality (from shadow)",
    "## Per tense, person and verb",
    "## Latency (from A/B)",
    "## Disagreements",
    "## Missing and failed answers",
    "## Cost per quality unit",
    "## Operational recommendation",
    "## Client latency, shadow off and on",
    "## Identity",
]


@pytest.mark.parametrize(
    ("table", "slowdown", "code", "label"),
    [
        ((150, 26, 6, 18), 1.0, 0, "promote (provisional: CpQU pending lab 03)"),
        ((160, 12, 6, 22), 1.0, 10, "hold"),
        ((150, 26, 6, 18), 1.6, 10, "hold"),
        ((150, 4, 24, 22), 1.0, 20, "retrain"),
        ((200, 0, 0, 0), 1.0, 10, "hold"),
        ((0, 0, 0, 200), 1.0, 10, "hold"),
        ((0, 200, 0, 0), 1.0, 0, "promote (provisional: CpQU pending lab 03)"),
        ((0, 0, 200, 0), 1.0, 20, "retrain"),
    ],
)
def test_the_exit_code_is_the_verdict(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    table: tuple[int, int, int, int],
    slowdown: float,
    code: int,
    label: str,
) -> None:
    lab = SyntheticLab(tmp_path, table, slowdown)

    assert compare.main(lab.arguments()) == code

    assert f"Verdict: {label}\n" in capsys.readouterr().out
    text = (tmp_path / "report.md").read_text()
    assert f"**Verdict: {label}.**" in text
    assert "nan" not in text.lower().replace("banana", "")
    assert from_json((tmp_path / "report.json").read_bytes()).label == label


def test_the_report_has_its_sections_in_the_order_in_which_one_decides(tmp_path: Path) -> None:
    compare.main(SyntheticLab(tmp_path).arguments())

    lines = (tmp_path / "report.md").read_text().splitlines()
    assert [line for line in lines if line.startswith("## ")] == SECTIONS


def test_the_verdict_and_its_reasons_take_five_lines(tmp_path: Path) -> None:
    compare.main(SyntheticLab(tmp_path).arguments())

    head = (tmp_path / "report.md").read_text().split("\n## ")[0]
    assert [line[:4] for line in head.splitlines() if line[:1].isdigit()] == [f"{i}. *" for i in range(1, 6)]


def test_the_disagreements_add_up_to_those_reported(tmp_path: Path) -> None:
    compare.main(SyntheticLab(tmp_path, (150, 26, 6, 18)).arguments())

    found = from_json((tmp_path / "report.json").read_bytes()).disagreement
    assert found is not None
    assert (found.pairs, found.improved, found.regressed) == (200, 26, 6)
    assert found.differing == found.improved + found.regressed + found.neutral
    assert [case.kind for case in found.cases[:6]] == ["regressed"] * 6


def test_the_z_test_of_the_brief_is_shown_next_to_the_deciding_paired_test(tmp_path: Path) -> None:
    compare.main(SyntheticLab(tmp_path).arguments())

    text = (tmp_path / "report.md").read_text()
    assert "two-proportion z-test, z = 2.662" in text
    assert "assumes independence; not used for the decision" in text
    assert "pending lab 03" in text


def test_the_manifest_gets_an_analysis_and_keeps_its_run(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    arguments = lab.arguments()
    before = json.loads((tmp_path / "manifest.json").read_text())

    compare.main(arguments)

    after = json.loads((tmp_path / "manifest.json").read_text())
    assert after["run"] == before["run"]
    analysis = after["analysis"]
    for key, name in (
        ("log_sha256", "traffic.log"),
        ("report_md_sha256", "report.md"),
        ("report_json_sha256", "report.json"),
    ):
        assert analysis[key] == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    assert analysis["selftest"]["passed"] is True
    assert (analysis["policy"], analysis["alpha"], analysis["seed"]) == ("better", 0.05, 38)


def test_judging_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    arguments = SyntheticLab(tmp_path).arguments()
    compare.main(arguments)
    first = [(tmp_path / name).read_bytes() for name in ("report.md", "report.json", "manifest.json")]

    compare.main(arguments)

    assert [(tmp_path / name).read_bytes() for name in ("report.md", "report.json", "manifest.json")] == first


def test_non_inferiority_promotes_an_arm_that_is_the_same(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path, (180, 2, 2, 16))
    lab.manifest["run"]["policy"] = "non_inferior"

    assert compare.main(lab.arguments()) == 0


def test_a_shadow_that_dropped_too_many_answers_is_held(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    for line in lab.shadow[:6]:
        line.update(status_B="dropped", response_B=None, latency_ms_B=None, reason_B="queue full")

    assert compare.main(lab.arguments()) == 10

    assert "6 of 200 pairs (3.0 %)" in (tmp_path / "report.md").read_text()


def test_a_failed_answer_of_b_is_wrong_and_counts_against_its_failure_limit(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path, (176, 24, 0, 0))
    for line in lab.shadow[:4]:
        line.update(status_B="error", response_B=None, latency_ms_B=None, reason_B="ValueError: no")

    assert compare.main(lab.arguments()) == 10

    report = from_json((tmp_path / "report.json").read_bytes())
    assert report.missing is not None
    assert (report.missing.failures.failed, report.missing.failures.runs) == (4, 300)
    assert report.quality is not None
    assert report.quality.primary.n_correct_b == 196


def test_repeated_ids_collapse_to_one_pair_and_one_latency(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    lab.shadow += [{**line, "record_id": line["record_id"].replace("0", "f", 1)} for line in lab.shadow]
    lab.ab += [{**line, "record_id": line["record_id"].replace("0", "f", 1)} for line in lab.ab]

    assert compare.main(lab.arguments()) == 0

    report = from_json((tmp_path / "report.json").read_bytes())
    assert report.quality is not None
    assert report.latency is not None
    assert (report.quality.primary.n, report.quality.primary.requests) == (200, 400)
    assert (report.latency.served.a.n, report.latency.served.b.n) == (100, 100)


def test_a_torn_tail_is_counted(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path)
    lab.tail = b'{"schema": 1, "record_id"'

    assert compare.main(lab.arguments()) == 0

    assert "1 torn log lines" in (tmp_path / "report.md").read_text()


def test_one_bucket_and_ties_throughout_give_an_honest_report(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path, (0, 0, 0, 30))
    for item in lab.items:
        item.update(verb="go", tense="past_simple", person="3sg")
    for line in lab.ab:
        line[f"latency_ms_{line['production_arm']}"] = 1.0

    assert compare.main(lab.arguments()) == 10

    text = (tmp_path / "report.md").read_text()
    assert "Too few verbs for a cluster-robust interval" in text
    assert "1.000 [1.000, 1.000]" in text


def test_what_a_model_wrote_cannot_shape_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = SyntheticLab(tmp_path)
    hostile = "a | b `c` <img src=x onerror=y> [l](http://evil.example) \x1b[31mred\u202e"
    for line in lab.shadow:
        line["response_B"] = hostile

    compare.main(lab.arguments())

    text = (tmp_path / "report.md").read_text()
    assert r"a \| b \`c\` \<img src=x onerror=y\> [l\](http:\//evil.example) \\u{1b}[31mred\\u{202e}" in text
    assert "\x1b" not in text + capsys.readouterr().out


def test_the_script_runs_by_itself_and_says_the_verdict(tmp_path: Path) -> None:
    arguments = SyntheticLab(tmp_path).arguments()

    done = subprocess.run(
        [sys.executable, REPOSITORY / "experiments" / "38-shadow-ab" / "compare.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Verdict: promote")
    assert "report.md" in done.stdout
