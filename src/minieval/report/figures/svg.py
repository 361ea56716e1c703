"""SVG as text: elements with escaped attributes, numbers in one form, and a drawing shown in a page or as a file.

Everything is a pure function of its arguments, so the same numbers give the same bytes on any machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from minieval.report.assets import asset
from minieval.report.untrusted import visible


@dataclass(frozen=True, slots=True)
class Drawing:
    """Finished shapes on a canvas of width by height pixels, and what they show in a sentence."""

    width: int
    height: int
    description: str
    shapes: tuple[str, ...]


def element(name: str, attributes: Mapping[str, str | float], *children: str) -> str:
    """Return an element; attributes are escaped, children are markup already.

    >>> element("circle", {"class": "a", "cx": 1.5, "r": 4.0})
    '<circle class="a" cx="1.5" r="4"/>'
    """
    written = "".join(f' {key}="{_attribute(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{''.join(children)}</{name}>" if children else f"<{name}{written}/>"


def label(content: str, attributes: Mapping[str, str | float]) -> str:
    """Return a text element; its content may be untrusted."""
    return element("text", attributes, escape(visible(content)))


def number(value: float) -> str:
    """Write a coordinate: a hundredth of a pixel is finer than any screen, and coarser than a machine's rounding."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def inline(drawing: Drawing, css_class: str) -> str:
    """Return the drawing for use inside a page that has the palette and the figures' style already."""
    return element(
        "svg",
        {
            "class": css_class,
            "role": "img",
            "aria-label": drawing.description,
            "viewBox": f"0 0 {drawing.width} {drawing.height}",
        },
        *drawing.shapes,
    )


def standalone(drawing: Drawing) -> str:
    """Return the drawing as a file; its background is opaque, because a viewer may use another theme."""
    background = element("rect", {"class": "ground", "width": drawing.width, "height": drawing.height})
    markup = element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "role": "img",
            "width": drawing.width,
            "height": drawing.height,
            "viewBox": f"0 0 {drawing.width} {drawing.height}",
        },
        f"\n<title>{escape(visible(drawing.description))}</title>",
        f"\n<style>\n{asset('palette.css')}{asset('figure.css')}</style>\n",
        "\n".join((background, *drawing.shapes)),
        "\n",
    )
    return f"{markup}\n"


def _attribute(value: str | float) -> str:
    return escape(visible(value), quote=True) if isinstance(value, str) else number(value)
