"""verify.py: a report that does not follow from its evidence is found, and what differs is named."""

import shutil
from dataclasses import replace
from pathlib import Path

import compare
import pytest
import verify
from tests.minieval.synthetic_lab import SyntheticLab

from minieval.conclude import conclude
from minieval.grading import grader
from minieval.grading.identity import GRADER_FILES, PREDECESSORS, REPOSITORY, grader_files, grader_sha


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """Judge a lab, and return the arguments that verify takes."""
    judged = SyntheticLab(tmp_path).arguments()
    assert compare.main(judged) == 0
    return judged


def _judged(folder: Path) -> list[str]:
    """Return the arguments for a lab that was judged, without writing it again."""
    return [
        "--run",
        str(folder),
        "--eval-set",
        str(folder / "eval.jsonl"),
        "--baseline",
        str(folder / "baseline.json"),
        "--out",
        str(folder),
    ]


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_report_follows_from_its_evidence(arguments: list[str]) -> None:
    assert verify.main(arguments) == 0


@pytest.mark.parametrize(
    ("name", "old", "new", "sentence"),
    [
        ("report.md", "Verdict: promote", "Verdict: retrain", "report.md line"),
        ("report.html", "Verdict: <strong>promote", "Verdict: <strong>retrain", "report.html line"),
        ("report.html", "default-src 'none'", "default-src *", "report.html has hash"),
        ("figures/buckets.svg", "B better", "B worse!", "figures/buckets.svg line"),
        ("figures/latency.svg", "A, n =", "A, m =", "latency.svg has hash"),
        ("report.json", '"exit_code"', '"exit_kode"', "report.json line"),
        ("traffic.log", '"tokens_A": 4', '"tokens_A": 5', "traffic.log has hash"),
        ("eval.jsonl", '"frame": "f"', '"frame": "g"', "eval.jsonl has hash"),
        ("manifest.json", '"seed": 38', '"seed": 39', "the run section of manifest.json has hash"),
        ("manifest.json", '"req-0000"', '"req-0o00"', "the run section of manifest.json has hash"),
        ("manifest.json", '"shadow_arm"', '"shadow_arn"', "the run section of manifest.json has hash"),
        ("manifest.json", '"schema"', ' "schema"', "manifest.json line 2"),
        ("manifest.json", '"rate_usd_per_hour": 0.05', '"rate_usd_per_hour": 0.06', "manifest.json line"),
        ("manifest.json", '"verdict": "promote"', '"verdict": "promoted"', "manifest.json line"),
        ("manifest.json", '"analysis"', '"analysed"', "manifest.json has no readable analysis"),
        ("manifest.json", '"run": {', '"run": [', "the evidence is invalid: ManifestRefused"),
        ("manifest.json", '"run"', '"rum"', "the evidence is invalid: ManifestRefused"),
    ],
)
def test_one_changed_character_is_found_and_named(
    name: str,
    old: str,
    new: str,
    sentence: str,
    arguments: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _change(tmp_path / name, old, new)

    assert verify.main(arguments) == 3
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "old", "new", "name"),
    [
        ("data/processed/conjugation_table.json", "goes", "gose", "data/processed/conjugation_table.json"),
        ("src/minieval/grading/grammar.py", "def grade(", "def grade (", "minieval/grading/grammar.py"),
        ("src/minieval/grading/items.py", '"""', '""" ', "minieval/grading/items.py"),
        ("src/minicorpus/grid.py", '"""', '""" ', "minicorpus/grid.py"),
    ],
)
def test_one_changed_character_of_the_grader_is_found_and_named(
    path: str,
    old: str,
    new: str,
    name: str,
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The grader is our own source: a copy of its files is changed, and identity is taken from the copy.
    copied = tmp_path / "repository"
    for own in GRADER_FILES.values():
        (copied / own).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / own, copied / own)
    _change(copied / path, old, new)
    monkeypatch.setattr(verify, "grader_files", lambda: grader_files(copied))
    monkeypatch.setattr(grader, "grader_sha", lambda: grader_sha(copied))

    assert verify.main(arguments) == 3

    said = capsys.readouterr().err
    assert f"{name} has hash" in said
    assert "the evidence is invalid: GraderDrift" in said


def test_a_report_at_another_price_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = SyntheticLab(tmp_path)
    rounds = [{"seconds": 1.0 + i / 10, "corrections": 400, "tokens": 1600} for i in range(4)]
    lab.manifest["run"]["throughput"] = {"clients": 8, "arms": {"A": rounds, "B": rounds}}

    assert compare.main([*lab.arguments(), "--rate-usd-per-hour", "0.2"]) == 0

    assert "Verdict: promote\n" in capsys.readouterr().out
    assert "At 0.2 USD per hour" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert verify.main(_judged(tmp_path)) == 0


def test_the_committed_runs_follow_from_their_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify.main([]) == 0, "a report is not what its run gives: ./just reports"
    assert capsys.readouterr().out.count("verified: ") == 3


def test_a_missing_report_is_named(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "report.md").unlink()

    assert verify.main(arguments) == 2
    assert "report.md: No such file" in capsys.readouterr().err


def test_a_run_that_was_judged_under_a_predecessor_of_the_grader_is_verified(tmp_path: Path) -> None:
    options = compare.read_options(SyntheticLab(tmp_path).arguments())
    (predecessor,) = PREDECESSORS
    inputs = replace(compare.read_inputs(options), grader=grader.GrammarGrader(predecessor=predecessor))
    assert conclude("test", inputs, options.out) == 0
    assert predecessor in (tmp_path / "report.json").read_text()

    assert verify.main(_judged(tmp_path)) == 0


def test_a_run_that_was_judged_under_an_unknown_grader_is_not_verified(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("manifest.json", "report.json"):
        path = tmp_path / name
        path.write_text(path.read_text().replace(grader_sha(), "0" * 64))

    assert verify.main(_judged(tmp_path)) == 3

    assert "report.json" in capsys.readouterr().err
