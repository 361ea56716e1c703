"""The names that a user's grader gives to errors stay text in every format, whatever they contain."""

import html
import json
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from tests.minieval.traffic_lines import Line, answered, served_line, shadow_line, written

from minieval.command import main
from minieval.report.untrusted import visible

HOSTILE = ["a|b", "`code`", "<script>alert(1)</script>", "two\nlines", "**bold** [x](http://e.example)", "\x1b[2J"]


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Judge a log in which every answer gets another hostile outcome, and return the report's folder."""
    source = f"NAMES = {HOSTILE!r}\n\ndef grade(item, answer):\n    return NAMES[int(answer)]\n"
    (tmp_path / "hostile_grader.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    count = len(HOSTILE)
    lines: list[Line] = [
        shadow_line(i, f"q{i}", answered("A", str(i % count)), answered("B", str((i + 1) % count))) for i in range(12)
    ]
    lines += [served_line(100 + i, "AB"[i % 2]) for i in range(12)]
    log = written(tmp_path, "traffic.log", lines)
    items = tmp_path / "items.jsonl"
    items.write_text("".join(json.dumps({"id": f"i{i}", "sentence": f"q{i}"}) + "\n" for i in range(12)))
    out = tmp_path / "out"

    code = main(
        ["compare", "--log", str(log), "--eval-set", str(items), "--out", str(out), "--grader", "hostile_grader:grade"]
    )

    assert code in {10, 20}
    return out


def test_the_table_of_outcomes_has_a_column_for_each_and_nothing_else(report: Path) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse((report / "report.md").read_text("utf-8"))
    start = next(i for i, token in enumerate(tokens) if token.content.startswith("Outcomes of A (rows)"))
    end = next(i for i in range(start, len(tokens)) if tokens[i].type == "table_close")
    table = tokens[start:end]
    heads = [table[i + 1] for i, token in enumerate(table) if token.type == "th_open"][1:]
    rows = [table[i + 2] for i, token in enumerate(table) if token.type == "tr_open"][1:]

    # In CommonMark's own reading, each name is one cell of plain text and reads as the grader wrote it.
    for cells in (heads, rows):
        assert [c.type for cell in cells for c in cell.children or [] if c.type not in {"text", "text_special"}] == []
        assert sorted("".join(c.content for c in cell.children or []) for cell in cells) == sorted(
            map(visible, HOSTILE)
        )


def test_no_outcome_is_markup_anywhere_in_the_reports(report: Path) -> None:
    markdown, page = ((report / name).read_text("utf-8") for name in ("report.md", "report.html"))
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    inline = {child.type for token in tokens for child in token.children or []}

    assert not inline & {"html_inline", "link_open"}
    assert sum(token.type == "html_block" for token in tokens) == 1  # the comment that says what generated the file
    assert "<script>alert" not in page
    assert html.escape(HOSTILE[2]) in page
    assert not any("\x1b" in text for text in (markdown, page))
