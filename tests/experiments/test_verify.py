"""verify.py: a report that does not follow from its evidence is found, and what differs is named."""

from pathlib import Path

import compare
import pytest
import verify
from tests.minieval.synthetic_lab import SyntheticLab


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """Judge a lab, and return the arguments that verify takes."""
    judged = SyntheticLab(tmp_path).arguments()
    assert compare.main(judged) == 0
    return judged


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
        ("report.html", "default-src 'none'", "default-src *", "report.html has SHA-256"),
        ("figures/buckets.svg", "B better", "B worse!", "figures/buckets.svg line"),
        ("figures/latency.svg", "A, n =", "A, m =", "latency.svg has SHA-256"),
        ("report.json", '"exit_code"', '"exit_kode"', "report.json line"),
        ("traffic.log", '"tokens_A": 4', '"tokens_A": 5', "traffic.log has SHA-256"),
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


def test_a_missing_report_is_named(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "report.md").unlink()

    assert verify.main(arguments) == 2
    assert "report.md: No such file" in capsys.readouterr().err
