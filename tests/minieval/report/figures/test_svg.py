"""SVG: well-formed whatever the text, coordinates written in one way, figures that stand alone."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minieval.report.figures.svg import Drawing, inline, label, number, standalone
from minieval.report.untrusted import visible

SVG = "{http://www.w3.org/2000/svg}"


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_stays_text(content: str, attribute: str) -> None:
    found = ET.fromstring(label(content, {"class": attribute}))  # noqa: S314 - our own output

    assert (found.text or "") == visible(content)
    assert found.get("class") == visible(attribute)
    assert list(found) == []


@pytest.mark.parametrize(
    ("value", "written"),
    [(1.0, "1"), (1.234, "1.23"), (0.1 + 0.2, "0.3"), (-0.001, "0"), (-2.5, "-2.5"), (100.0, "100")],
)
def test_a_coordinate_has_at_most_two_decimals(value: float, written: str) -> None:
    assert number(value) == written


def test_a_figure_brings_its_ground_its_style_and_its_description() -> None:
    found = ET.fromstring(standalone(Drawing(10, 20, 'a "b" <c>', ('<circle r="1"/>',))))  # noqa: S314 - our own output

    assert found.get("viewBox") == "0 0 10 20"
    assert [child.tag for child in found] == [f"{SVG}title", f"{SVG}style", f"{SVG}rect", f"{SVG}circle"]
    assert found[0].text == 'a "b" <c>'
    assert "prefers-color-scheme: dark" in (found[1].text or "")
    assert "url(" not in (found[1].text or "")


def test_a_drawing_in_a_page_is_read_aloud_as_its_description() -> None:
    found = ET.fromstring(inline(Drawing(10, 20, "what it shows", ()), "wide"))  # noqa: S314 - our own output

    assert (found.get("role"), found.get("aria-label"), found.get("class")) == ("img", "what it shows", "wide")
