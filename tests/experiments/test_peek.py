"""peek.py: the reading of a running shadow from the log so far."""

from pathlib import Path

import peek
import pytest
from tests.minieval.synthetic_lab import SyntheticLab


def ask(lab: SyntheticLab, *more: str) -> int:
    lab.arguments()
    return peek.main([str(lab.folder / "traffic.log"), "--eval-set", str(lab.folder / "eval.jsonl"), *more])


def test_a_reading_without_a_conclusion_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = SyntheticLab(tmp_path, (30, 2, 1, 7))

    assert ask(lab) == 0

    shown = capsys.readouterr().out
    assert "Shadow so far: 40 pairs, 2 improved, 1 regressed; B minus A +2.5 points" in shown
    # B(1 + 2, 1 + 1) 2^3 = 2/3 is no evidence
    assert "E = 0.6667, p 1.0000" in shown
    assert "no conclusion yet" in shown


def test_a_reading_with_a_difference_says_since_when(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = SyntheticLab(tmp_path, (0, 30, 0, 0))

    assert ask(lab) == 0

    assert "p below 0.05 since pair 8," in capsys.readouterr().out


def test_fewer_pairs_than_planned_and_a_torn_tail_are_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = SyntheticLab(tmp_path)
    lab.shadow, lab.tail = lab.shadow[:50], b'{"schema":1,"record_id":"'

    assert ask(lab) == 0

    assert "Shadow so far: 50 pairs" in capsys.readouterr().out


def test_an_empty_log_gives_an_empty_reading(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = SyntheticLab(tmp_path)
    lab.shadow, lab.ab = [], []

    assert ask(lab) == 0

    assert "0 pairs, 0 improved, 0 regressed\n" in capsys.readouterr().out


def test_records_without_an_item_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = SyntheticLab(tmp_path, (10, 0, 0, 10))
    lab.shadow[3]["sentence"] = "Nobody planned this."

    assert ask(lab) == 0

    assert "1 records without an item in the eval set" in capsys.readouterr().out


@pytest.mark.parametrize(("key", "value"), [("config_sha", "9" * 64), ("salt", "other")])
def test_two_epochs_are_never_pooled(tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str, value: str) -> None:
    lab = SyntheticLab(tmp_path)
    lab.shadow[7][key] = value

    assert ask(lab) == 3

    error = capsys.readouterr().err
    assert "expected one configuration and one salt" in error
    assert error.count("\n") == 1


def test_a_missing_log_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert peek.main([str(tmp_path / "none.log")]) == 2

    assert "none.log: No such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize("alpha", ["0", "1", "nan", "five"])
def test_an_invalid_alpha_is_a_usage_error(capsys: pytest.CaptureFixture[str], alpha: str) -> None:
    with pytest.raises(SystemExit) as refusal:
        peek.main(["--alpha", alpha])

    assert refusal.value.code == 2
    assert "expected a number between 0 and 1" in capsys.readouterr().err
