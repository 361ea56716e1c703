"""All documents of a judgement, by their path in the report's folder."""

import re
from typing import Final

from minieval.report.document import Report, to_json
from minieval.report.figures.figures import BUCKETS, LATENCY, figures
from minieval.report.html.page import page
from minieval.report.markdown.page import render

NAMES: Final = ("report.html", "report.md", "report.json", BUCKETS, LATENCY)


def documents(report: Report) -> dict[str, str]:
    """Return the texts; the same report gives the same bytes on every machine."""
    return {
        "report.html": page(report),
        "report.md": render(report),
        "report.json": to_json(report),
        **figures(report),
    }


def manifest_key(name: str) -> str:
    """Return the key under which the manifest has a document's SHA-256.

    >>> manifest_key("figures/latency.svg")
    'figures_latency_svg_sha256'
    """
    return re.sub(r"\W", "_", name) + "_sha256"
