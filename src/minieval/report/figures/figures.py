"""The figures of report.md, by their path relative to it."""

from typing import Final

from minieval.report.document import Report
from minieval.report.figures.ecdf import WIDE, latency_drawing
from minieval.report.figures.forest import forest_drawing
from minieval.report.figures.svg import standalone

BUCKETS: Final = "figures/buckets.svg"
LATENCY: Final = "figures/latency.svg"


def figures(report: Report) -> dict[str, str]:
    """Return the SVG files that the report has data for; an invalid report has none."""
    found: dict[str, str] = {}
    if report.quality is not None and report.buckets is not None:
        found[BUCKETS] = standalone(forest_drawing(report.buckets, report.quality.primary.deciding.interval))
    if report.latency is not None:
        drawing = latency_drawing(report.latency.served, WIDE)
        if drawing is not None:
            found[LATENCY] = standalone(drawing)
    return found
