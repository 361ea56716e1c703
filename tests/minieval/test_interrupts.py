"""Ctrl-C and SIGTERM while a large log is read: one line, the right exit code, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.minieval.traffic_lines import answered, shadow_line

from minieval.interrupts import run_stoppable

LINES = 250_000  # about 180 MB, which takes seconds to read
PATIENCE_S = 120


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_judgement_that_is_stopped_says_so_in_a_line_and_leaves_nothing(
    tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    line = json.dumps(shadow_line(1, "q", answered("A", "x"), answered("B", "y"))).encode() + b"\n"
    (tmp_path / "big.log").write_bytes(line * LINES)
    (tmp_path / "items.jsonl").write_text('{"id": "i", "sentence": "q"}\n')
    (tmp_path / "any_grader.py").write_text("def grade(item, answer):\n    return True\n")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    files = ["--log", "big.log", "--eval-set", "items.jsonl", "--out", "out"]
    judging = subprocess.Popen(
        [sys.executable, "-m", "minieval", "compare", *files, "--grader", "any_grader:grade"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_until_it_reads(judging, temporary)

        judging.send_signal(sent)
        _, error = judging.communicate(timeout=PATIENCE_S)
    finally:
        judging.kill()
        judging.wait()

    assert judging.returncode == code
    assert error == f"python -m minieval compare: stopped by {sent.name}\n"
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "out").exists()


def test_without_a_signal_results_and_errors_pass_through() -> None:
    before = [signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)]

    assert run_stoppable("judge", lambda: 10) == 10
    with pytest.raises(ZeroDivisionError):
        run_stoppable("judge", lambda: 1 // 0)
    assert [signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)] == before


def _wait_until_it_reads(judging: subprocess.Popen[str], temporary: Path) -> None:
    """Return once the database has a file with rows in it."""
    end = time.monotonic() + PATIENCE_S
    while not any(path.stat().st_size > 0 for path in temporary.glob("minieval-*/log.duckdb*")):
        assert judging.poll() is None, judging.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)
