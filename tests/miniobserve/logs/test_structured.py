"""How log lines look: JSON for machines, text for people, and nothing that a model wrote steers a terminal."""

import json
import logging
import os
import pty
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from miniobserve.logs import structured as logs
from miniobserve.logs.stderr import LineWriter

OBEYED = ("\x1b[2J", "\x07", "\u202e", "\x9b")
HOSTILE = f"{''.join(OBEYED)} owned"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave structlog and the root logger as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _say_three_lines() -> None:
    log = structlog.get_logger()
    log.info("arm answered", **{"traffic.arm": "shadow_B"}, reason=None, latency_ms=1.5)
    log.warning("arm gave no answer", reason=HOSTILE)
    try:
        int(HOSTILE)
    except ValueError:
        logging.getLogger("library").exception("it failed on %s", HOSTILE)


def test_off_a_terminal_a_line_is_one_json_object(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    with path.open("w", encoding="utf-8") as stream:
        writer = LineWriter(stream)
        logs.configure("info", writer)
        _say_three_lines()
        writer.close()

    first, second, third = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert (
        first.items() >= {"event": "arm answered", "traffic.arm": "shadow_B", "reason": None, "level": "info"}.items()
    )
    assert second["reason"] == HOSTILE
    assert third["exception"].startswith("Traceback")


def test_on_a_terminal_a_line_is_text_and_control_characters_are_shown(capfd: pytest.CaptureFixture[str]) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        writer = LineWriter(terminal)
        logs.configure("info", writer)
        _say_three_lines()
        writer.close()
        shown = os.read(ours, 100_000).decode()
    os.close(ours)

    assert "arm answered" in shown
    assert "{" not in shown.partition("\n")[0]
    assert "reason" not in shown.partition("\n")[0]  # it has no value
    assert [c for c in OBEYED if c in shown] == []
    assert "\\x1b[2J\\x07\\u202e\\x9b owned" in shown
    assert "it failed on \\u001b[2J\\u0007\\u202e\\u009b owned" in shown
    assert "ValueError" in shown
    assert capfd.readouterr().err == ""


def test_words_that_utf8_cannot_carry_make_a_line_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    with path.open("w", encoding="utf-8") as stream:
        writer = LineWriter(stream)
        logs.configure("info", writer)
        structlog.get_logger().warning("arm gave no answer", reason="no such file: \udcff")
        writer.close()

    (line,) = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert (line["reason"], line["level"]) == ("no such file: \udcff", "warning")
    assert line["timestamp"].startswith("20")


def test_below_its_level_nothing_is_said(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    with path.open("w", encoding="utf-8") as stream:
        writer = LineWriter(stream)
        logs.configure("warning", writer)
        _say_three_lines()
        writer.close()

    assert len(path.read_text(encoding="utf-8").splitlines()) == 2
