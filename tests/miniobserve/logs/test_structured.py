"""Log lines: JSON for programs, text for people, and no control character of a model reaches a terminal."""

import io
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


def _log_three_lines() -> None:
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
        _log_three_lines()
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
        _log_three_lines()
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


def test_text_that_utf8_cannot_encode_is_escaped(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    with path.open("w", encoding="utf-8") as stream:
        writer = LineWriter(stream)
        logs.configure("info", writer)
        structlog.get_logger().warning("arm gave no answer", reason="no such file: \udcff")
        writer.close()

    (line,) = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert (line["reason"], line["level"]) == ("no such file: \\udcff", "warning")
    assert line["timestamp"].startswith("20")


def test_lines_below_the_level_are_not_written(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    with path.open("w", encoding="utf-8") as stream:
        writer = LineWriter(stream)
        logs.configure("warning", writer)
        _log_three_lines()
        writer.close()

    assert len(path.read_text(encoding="utf-8").splitlines()) == 2


HOSTILE_VALUES = {
    "an integer of 401 digits": 10**400,
    "an integer of 5,001 digits": 10**5_000,
    "an infinity": float("inf"),
    "not a number": float("nan"),
    "a lone surrogate": "\ud800",
    "10 MB": "x" * 10_000_000,
    "a surrogate in a list": ["\ud800", {"tokens": 10**400}],
    "an object": object(),
}


def _strict_json(line: str) -> dict[str, object]:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    found: dict[str, object] = json.loads(line, parse_constant=refuse)
    return found


@pytest.mark.parametrize("value", HOSTILE_VALUES.values(), ids=HOSTILE_VALUES.keys())
def test_a_line_with_any_value_is_written_as_short_json_between_its_neighbours(value: object, tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    with path.open("w", encoding="utf-8") as stream:
        writer = LineWriter(stream)
        logs.configure("info", writer)
        structlog.get_logger().info("before")
        structlog.get_logger().warning("arm answered", latency_ms=value, status="ok")
        structlog.get_logger().info("after")
        writer.close()

    lines = path.read_text(encoding="utf-8").splitlines()
    assert [_strict_json(line)["event"] for line in lines] == ["before", "arm answered", "after"]
    assert _strict_json(lines[1])["status"] == "ok"
    assert len(lines[1]) < 10_000


def test_an_exception_of_10_mb_keeps_its_type_and_its_end(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    with path.open("w", encoding="utf-8") as stream:
        writer = LineWriter(stream)
        logs.configure("info", writer)
        structlog.get_logger().error("it failed", exc_info=OSError("x" * 10_000_000 + " the end"))
        writer.close()

    (line,) = [_strict_json(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(str(line["exception"])) < 10_000
    assert str(line["exception"]).startswith("OSError: xxx")
    assert str(line["exception"]).endswith(" the end")


@pytest.mark.parametrize("value", HOSTILE_VALUES.values(), ids=HOSTILE_VALUES.keys())
def test_on_a_terminal_a_line_with_any_value_is_written_too(value: object) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    writer = LineWriter(terminal)
    logs.configure("info", writer)
    structlog.get_logger().warning("arm answered", latency_ms=value)
    writer.close()

    assert "arm answered" in terminal.getvalue()
    assert len(terminal.getvalue()) < 10_000
