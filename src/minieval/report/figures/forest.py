"""The forest plot: B minus A per slice with its interval, as a figure, and as one row of a page's table."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from minieval.measures.slices import Bucket, BucketFamily, Flag
from minieval.report.figures.scale import Scale, points_scale
from minieval.report.figures.svg import Drawing, element, label
from minieval.report.notation import difference
from minieval.stats import Interval

WIDTH: Final = 880
ROW: Final = 22
PLOT: Final = (220, 480)
"""The plot's left edge and width; n is printed to its left, the numbers to its right."""
MARK_CLASSES: Final = {
    Flag.DESCRIPTIVE: "descriptive",
    Flag.UNTESTABLE: "untestable",
    Flag.NO_EVIDENCE: "open",
    Flag.REGRESSION: "regression",
    Flag.IMPROVEMENT: "improvement",
}

Position = Callable[[float], str | float]


def forest_scale(families: Sequence[BucketFamily], pooled: Interval) -> Scale:
    """Return the scale that holds every interval and every descriptive point."""
    rows = [row for family in families for row in family.rows]
    limits = [end for row in rows if row.difference for end in (row.difference.low, row.difference.high)]
    return points_scale([pooled.low, pooled.high, *limits, *(estimate(row) for row in rows)])


def estimate(row: Bucket) -> float:
    """Return B minus A for a slice; a slice that is only described has a point but no interval."""
    return (row.n_improved - row.n_regressed) / row.n if row.difference is None else row.difference.estimate


def row_mark(row: Bucket, scale: Scale) -> str:
    """Return a slice's point and interval for a drawing without a viewBox, placed in percent of its width."""
    return _mark(estimate(row), row.difference, MARK_CLASSES[row.flag], _percent(scale), "50%")


def pooled_mark(pooled: Interval, scale: Scale) -> str:
    """Return the mark of all items together, placed in percent."""
    return _mark(pooled.estimate, pooled, "pooled", _percent(scale), "50%")


def row_grid(scale: Scale) -> str:
    """Return the vertical lines of one row of a page's table, placed in percent."""
    place = _percent(scale)
    return "".join(_vertical(tick, place(tick), "0", "100%") for tick in scale.ticks)


def row_axis(scale: Scale) -> str:
    """Return the tick labels of a page's table, placed in percent."""
    place = _percent(scale)
    return "".join(
        label(_tick(tick), {"class": "quiet", "x": place(tick), "y": "14", "text-anchor": "middle"})
        for tick in scale.ticks
    )


def forest_drawing(families: Sequence[BucketFamily], pooled: Interval) -> Drawing:
    """Return the figure of report.md: all items first, then every slice under the name of its family."""
    scale = forest_scale(families, pooled)
    place = _pixels(scale)
    bottom = 62 + ROW * (1 + sum(1 + len(family.rows) for family in families))
    shapes = [*_head(scale), *(_vertical(tick, place(tick), 50.0, float(bottom)) for tick in scale.ticks)]
    y = 50 + ROW / 2 + 3
    shapes.extend(_line("all items", None, difference(pooled), "head", y))
    shapes.append(_mark(pooled.estimate, pooled, "pooled", place, y))
    for family in families:
        y += ROW
        shapes.append(label(f"per {family.name}", {"class": "quiet", "x": 12.0, "y": y + 6}))
        for row in family.rows:
            y += ROW
            shown = difference(row.difference) if row.difference else _counts(row)
            shapes.extend(_line(row.value, row.n, shown, "quiet" if row.difference is None else "", y))
            shapes.append(_mark(estimate(row), row.difference, MARK_CLASSES[row.flag], place, y))
    named = ", ".join(family.name for family in families)
    described = f"B minus A in percentage points with intervals, for all items and per {named}."
    return Drawing(WIDTH, bottom + 12, described, tuple(shapes))


def _head(scale: Scale) -> Iterator[str]:
    zero = PLOT[0] + PLOT[1] * scale.at(0.0)
    numbers: dict[str, str | float] = {"class": "quiet", "y": 18.0}
    yield label("n", {**numbers, "x": PLOT[0] - 20.0, "text-anchor": "end"})
    yield label("\N{LEFTWARDS ARROW} A better", {"class": "a", "x": zero - 10, "y": 18.0, "text-anchor": "end"})
    yield label("B better \N{RIGHTWARDS ARROW}", {"class": "b", "x": zero + 10, "y": 18.0})
    yield label("points", {**numbers, "x": WIDTH - 12.0, "text-anchor": "end"})
    place = _pixels(scale)
    for tick in scale.ticks:
        yield label(_tick(tick), {"class": "quiet", "x": place(tick), "y": 42.0, "text-anchor": "middle"})


def _line(name: str, n: int | None, shown: str, css_class: str, y: float) -> Iterator[str]:
    yield label(name, {"class": css_class, "x": 24.0 if n is not None else 12.0, "y": y + 4})
    if n is not None:
        yield label(str(n), {"class": "quiet", "x": PLOT[0] - 20.0, "y": y + 4, "text-anchor": "end"})
    yield label(shown, {"class": css_class, "x": WIDTH - 12.0, "y": y + 4, "text-anchor": "end"})


def _mark(point: float, interval: Interval | None, css_class: str, place: Position, y: str | float) -> str:
    shapes = [element("circle", {"cx": place(100 * point), "cy": y, "r": 4.0})]
    if interval is not None:
        ends = {"x1": place(100 * interval.low), "x2": place(100 * interval.high), "y1": y, "y2": y}
        shapes.insert(0, element("line", ends))
    return element("g", {"class": f"mark {css_class}"}, *shapes)


def _vertical(tick: float, x: str | float, top: str | float, bottom: str | float) -> str:
    return element("line", {"class": "grid" if tick else "zero", "x1": x, "x2": x, "y1": top, "y2": bottom})


def _counts(row: Bucket) -> str:
    return f"{row.n_improved} improved, {row.n_regressed} regressed"


def _tick(points: float) -> str:
    return f"{points:+g}" if points else "0"


def _percent(scale: Scale) -> Position:
    # Room on either side for half a tick label and half a point.
    return lambda points: f"{3 + 94 * scale.at(points):.3f}%"


def _pixels(scale: Scale) -> Position:
    return lambda points: PLOT[0] + PLOT[1] * scale.at(points)
