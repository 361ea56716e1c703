"""Untrusted text in Markdown stays text."""

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from minieval.report.markdown.markdown import code, highlighted, table, text
from minieval.report.untrusted import visible

HOSTILE = st.text(
    alphabet=st.one_of(st.sampled_from("`|*_<>[]()!\\~#&$@:/\n\r\t\x1b\u202e\u2028"), st.characters()), max_size=60
)


@given(HOSTILE)
def test_any_text_stays_text_in_a_cell_of_a_table(untrusted: str) -> None:
    rendered = MarkdownIt("commonmark").enable("table").parse(table(("a", "b"), [(text(untrusted), "end")]))

    cells = [token for token in rendered if token.type == "inline"]
    children = [child.type for child in cells[2].children or []]
    assert len(cells) == 4
    assert set(children) <= {"text", "text_special"}
    assert cells[3].content == "end"


@given(HOSTILE.filter(lambda s: s == s.strip() and s == visible(s)))
def test_a_reader_sees_the_text_as_it_was(untrusted: str) -> None:
    rendered = MarkdownIt("commonmark").enable("table").parse(table(("a", "b"), [(text(untrusted), "end")]))

    cell = [token for token in rendered if token.type == "inline"][2]
    assert "".join(child.content for child in cell.children or []) == untrusted


@given(HOSTILE, HOSTILE)
def test_highlighting_adds_bold_type_and_nothing_else(untrusted: str, other: str) -> None:
    rendered = MarkdownIt("commonmark").parse(f"x {highlighted(untrusted, other)} x")

    (inline,) = [token for token in rendered if token.type == "inline"]
    assert {child.type for child in inline.children or []} <= {"text", "text_special", "strong_open", "strong_close"}


def test_the_words_in_which_two_answers_differ_stand_out() -> None:
    assert highlighted("He goes home.", "He went home.") == "He **goes** home."
    assert highlighted("He went home.", "He went home.") == "He went home."
    assert highlighted("He will go home.", "He go home.") == "He **will** go home."
    assert highlighted("He go home.", "He will go home.") == "He go home."


@given(st.text())
def test_every_invisible_character_becomes_visible(untrusted: str) -> None:
    assert all(c.isprintable() or c.isspace() for c in visible(untrusted))
    assert "\n" not in visible(untrusted)


@given(st.text(max_size=40))
def test_text_cannot_break_out_of_a_code_span(identifier: str) -> None:
    assert code(identifier).count("`") == 2
    assert "|" not in code(identifier)


def test_long_text_is_shortened() -> None:
    assert text("x" * 500) == "x" * 159 + "…"
