"""The figures show the report's numbers in the right places, even if there is little to show."""

import math
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest

from minieval.measures.latency import LatencySample, ServedLatency, compare_served
from minieval.measures.slices import Bucket, BucketFamily, Flag
from minieval.report.figures.ecdf import NARROW, WIDE, latency_drawing
from minieval.report.figures.forest import estimate, forest_drawing, forest_scale, row_mark
from minieval.report.figures.svg import standalone
from minieval.stats import Interval, accuracy_interval, tango_interval

POOLED = Interval(0.1, 0.05, 0.15, 0.95)


def bucket(value: str, n: int, improved: int, regressed: int, flag: Flag = Flag.NO_EVIDENCE) -> Bucket:
    right = accuracy_interval(n // 2, n, 0.95)
    interval = None if flag is Flag.DESCRIPTIVE else tango_interval(improved, regressed, n, 0.95)
    return Bucket(
        value, n, n // 2, n // 2, right, right, improved, regressed, interval, None, None, None, flag, to_read=False
    )


def family(*rows: Bucket) -> BucketFamily:
    return BucketFamily("tense", rows, len(rows), simpson=False)


def served_latency(a: list[float | None], b: list[float | None]) -> ServedLatency:
    def served(arm: str, all_: list[float | None]) -> LatencySample:
        latencies = np.array([math.inf if latency is None else latency for latency in all_], dtype=np.float64)
        return LatencySample(arm, len(all_), 0, 0, latencies, latencies)

    return compare_served(served("A", a), served("B", b), alpha=0.05, seed=1)


def drawn(latency: ServedLatency, size: tuple[int, int] = WIDE) -> ET.Element:
    drawing = latency_drawing(latency, size)
    assert drawing is not None
    return ET.fromstring(standalone(drawing))  # noqa: S314 - our own output


def curve(figure: ET.Element, arm: str) -> list[tuple[float, float]]:
    """Return the corners of an arm's steps."""
    path = next(e for e in figure.iter() if e.get("class") == f"curve {arm}" and "V" in (e.get("d") or ""))
    return [(float(x), float(y)) for x, y in re.findall(r"H([\d.]+)V([\d.]+)", path.get("d") or "")]


def test_a_slice_has_its_point_at_its_difference_and_its_line_over_its_interval() -> None:
    row = bucket("go", 40, 12, 2)
    scale = forest_scale([family(row)], POOLED)

    mark = ET.fromstring(row_mark(row, scale))  # noqa: S314 - our own output

    assert row.difference is not None
    line, point = mark

    def share(attribute: str | None) -> float:
        place = (float((attribute or "").rstrip("%")) - 3) / 94
        return (scale.low + place * (scale.high - scale.low)) / 100

    assert share(point.get("cx")) == pytest.approx(row.difference.estimate, abs=1e-4)
    assert share(line.get("x1")) == pytest.approx(row.difference.low, abs=1e-4)
    assert share(line.get("x2")) == pytest.approx(row.difference.high, abs=1e-4)


def test_a_slice_that_is_only_described_has_a_point_and_no_interval() -> None:
    row = bucket("go", 10, 3, 1, Flag.DESCRIPTIVE)

    mark = ET.fromstring(row_mark(row, forest_scale([family(row)], POOLED)))  # noqa: S314 - our own output

    assert estimate(row) == 0.2
    assert [child.tag for child in mark] == ["circle"]
    assert mark.get("class") == "mark descriptive"


def test_every_slice_is_in_the_figure_once_in_order_and_inside_it() -> None:
    rows = [bucket(f"verb{i:02d}", 30, i, 0) for i in range(20)]

    figure = ET.fromstring(standalone(forest_drawing([family(*rows)], POOLED)))  # noqa: S314 - our own output

    texts = [e for e in figure.iter() if e.tag.endswith("text")]
    names = [e for e in texts if (e.text or "").startswith("verb")]
    places = [float(e.get("y") or 0) for e in names]
    assert [e.text for e in names] == [row.value for row in rows]
    assert all(later - earlier > 14 for earlier, later in pairwise(places))
    assert places[-1] < float(figure.get("height") or 0)


def test_one_slice_with_the_widest_possible_interval_can_be_drawn() -> None:
    drawing = forest_drawing([family(bucket("go", 20, 20, 0), bucket("be", 20, 0, 20))], Interval(0, -1, 1, 0.95))

    assert "+100" in "".join(drawing.shapes)
    assert "nan" not in "".join(drawing.shapes)


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_a_curve_rises_through_the_shares_of_its_requests(size: tuple[int, int]) -> None:
    corners = curve(drawn(served_latency([4.0, 1.0, 2.0, 3.0], [5.0, 6.0]), size), "a")

    xs, ys = zip(*corners, strict=True)
    steps = [earlier - later for earlier, later in pairwise(ys)]
    assert len(corners) == 4
    assert list(xs) == sorted(xs)
    assert steps == pytest.approx([steps[0]] * 3, abs=0.02)
    assert 0 < min(xs) < max(xs) < size[0]


def test_a_curve_of_an_arm_that_failed_ends_below_the_whole() -> None:
    figure = drawn(served_latency([1.0, 2.0], [1.0, None, None, None]))

    assert curve(figure, "b")[-1][1] > curve(figure, "a")[-1][1]
    assert "B, n = 4, 3 failed" in "".join(figure.itertext())


def test_percentiles_among_the_failed_have_no_dot() -> None:
    figure = drawn(served_latency([1.0, 2.0, 3.0], [1.0, None, None, None]))

    assert sum(e.get("class") == "dot a" for e in figure.iter()) == 3
    assert sum(e.get("class") == "dot b" for e in figure.iter()) == 0
    assert "B p50 beyond the timeout" in "".join(figure.itertext())


def test_latencies_that_are_all_the_same_can_be_drawn() -> None:
    assert len(curve(drawn(served_latency([1.0] * 5, [1.0] * 5)), "a")) == 5


def test_one_arm_alone_can_be_drawn() -> None:
    figure = drawn(served_latency([1.0, 2.0], [None]))

    assert len(curve(figure, "a")) == 2
    assert not any(e.get("class") == "curve b" for e in figure.iter())


def test_there_is_no_figure_without_an_answer() -> None:
    assert latency_drawing(served_latency([], []), WIDE) is None
    assert latency_drawing(served_latency([None], [None]), WIDE) is None
