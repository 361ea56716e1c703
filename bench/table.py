"""Tables for the console and the documents: Markdown with aligned columns."""

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table with aligned columns. Cells are converted with `str`."""
    shown = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(header))]
    rule = ["-" * width for width in widths]
    lines = [shown[0], rule, *shown[1:]]
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines)


def interval(estimate: float, low: float, high: float) -> str:
    """Return an estimate with its interval, as `1.02 [0.97, 1.08]`."""
    return f"{estimate:.2f} [{low:.2f}, {high:.2f}]"
