"""Checks that hostile text of users or models did not break a view, one per format, and the texts to try.

A view that is added gets its check here, and a line in tests/security/test_views.py that says where it is found.
"""

import json
from html.parser import HTMLParser
from typing import Final

from markdown_it import MarkdownIt
from tests.conftest import metric_families

# What a client may send; a control character it may not.
SENTENCES: Final = (
    "</script><script>document.title='owned'</script>",
    "He goed | She goed | `x`",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="document.title=1" x=\'',
    "{{ 7 * 7 }} [link](javascript:alert) _a_ **b**",
    "\u202e reversed \u2066",
)
CONTROL: Final = "He \x1b[2J goed home."
_ALLOWED_CONTROLS: Final = frozenset("\n\t")
_ACTIVE: Final = frozenset({"script", "style", "img", "iframe", "svg", "object", "embed", "a", "link", "base", "form"})


class _Markup(HTMLParser):
    """A page as a browser would take it apart: how many of each element, and which attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: dict[str, int] = {}
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] = self.elements.get(tag, 0) + 1
        self.attributes |= {name for name, _ in attrs}


def check_plain(text: str) -> None:
    """Text for a terminal or a file that people read there: nothing that a terminal would obey or reorder."""
    hidden = {c for c in text if not c.isprintable() and c not in _ALLOWED_CONTROLS}
    assert hidden == set()


def check_json_lines(content: bytes) -> list[object]:
    """One JSON value per line, in UTF-8, without a raw control character; returns the values."""
    assert not [byte for byte in content if byte < 0x20 and byte != 0x0A]
    return [json.loads(line) for line in content.decode().splitlines() if line]


def check_html(text: str, plain: str) -> None:
    """The same active elements, as often, and no other attributes than in the page of harmless text."""
    found, expected = _Markup(text), _Markup(plain)
    assert {e: n for e, n in found.elements.items() if e in _ACTIVE} == {
        e: n for e, n in expected.elements.items() if e in _ACTIVE
    }
    assert found.attributes <= expected.attributes
    check_plain(text)


def check_markdown(text: str, plain: str) -> None:
    """Rendered with HTML allowed, as much active markup as the document of harmless text."""
    render = MarkdownIt("commonmark", {"html": True}).enable("table").render
    check_html(render(text), render(plain))


def check_metrics(text: str) -> None:
    """A valid exposition that holds none of it: labels come from closed sets."""
    metric_families(text)
    assert not [sentence for sentence in SENTENCES if sentence in text]
    check_plain(text)
