"""The latency distributions of both arms: steps through their order statistics, p50, p95 and p99 marked."""

from collections.abc import Iterator
from typing import Final

from minieval.measures.latency import ArmLatency, ServedLatency
from minieval.report.figures.scale import Scale, ratio_scale
from minieval.report.figures.svg import Drawing, element, label, number
from minieval.report.notation import ms

WIDE: Final = (880, 340)
# On a phone the labels of the wide drawing would be too small to read, so the page has both.
NARROW: Final = (360, 300)
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 40, 34, 44


def latency_drawing(served: ServedLatency, size: tuple[int, int]) -> Drawing | None:
    """Return the figure at a size in pixels, or None where neither arm answered anything.

    An arm whose requests failed ends below 100 %: what failed took longer than anything that can be drawn.
    """
    arms = [(css, arm) for css, arm in (("a", served.a), ("b", served.b)) if arm.distribution]
    if not arms:
        return None
    scale = ratio_scale([point.value for _, arm in arms for point in arm.distribution if point.value is not None])
    frame = _Frame(*size, scale)
    shapes = [*_grid(frame)]
    shapes.extend(_curve(arm, css, frame) for css, arm in arms)
    for css, arm in arms:
        shapes.extend(_dots(arm, css, frame))
    shapes.extend(_legend(arms))
    medians = "; ".join(f"{name.upper()} p50 {_p50(arm)}" for name, arm in arms)
    described = f"Share of A/B requests answered within so many milliseconds, per arm, logarithmic axis. {medians}."
    return Drawing(*size, described, tuple(shapes))


class _Frame:
    """Converts shares and latencies to pixels inside the axes."""

    def __init__(self, width: int, height: int, scale: Scale) -> None:
        self.scale = scale
        self.left, self.right = float(_LEFT), float(width - _RIGHT)
        self.top, self.bottom = float(_TOP), float(height - _BOTTOM)

    def x(self, latency_ms: float) -> float:
        return self.left + (self.right - self.left) * self.scale.at(latency_ms)

    def y(self, share: float) -> float:
        return self.bottom - (self.bottom - self.top) * share


def _grid(frame: _Frame) -> Iterator[str]:
    across = {"x1": frame.left, "x2": frame.right}
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = frame.y(share)
        yield element("line", {"class": "grid", **across, "y1": y, "y2": y})
        place: dict[str, str | float] = {"x": frame.left - 6, "y": y + 4, "text-anchor": "end"}
        yield label(f"{100 * share:.0f} %", {"class": "quiet", **place})
    # p95 and p99 are closer than a line of text is high, so their names stand on either side of their lines.
    for name, share, below in (("p50", 0.5, 4.0), ("p95", 0.95, 11.0), ("p99", 0.99, 1.0)):
        y = frame.y(share)
        yield element("line", {"class": "grid", **across, "y1": y, "y2": y})
        yield label(name, {"class": "quiet", "x": frame.right + 6, "y": y + below})
    down = {"y1": frame.top, "y2": frame.bottom}
    for tick in frame.scale.ticks:
        x = frame.x(tick)
        yield element("line", {"class": "grid", "x1": x, "x2": x, **down})
        yield label(f"{tick:g}", {"class": "quiet", "x": x, "y": frame.bottom + 17, "text-anchor": "middle"})
    yield label("ms", {"class": "quiet", "x": frame.right, "y": frame.bottom + 36, "text-anchor": "end"})


def _curve(arm: ArmLatency, css: str, frame: _Frame) -> str:
    steps = "".join(
        f"H{number(frame.x(point.value))}V{number(frame.y(point.rank / arm.n))}"
        for point in arm.distribution
        if point.rank is not None and point.value is not None
    )
    path = f"M{number(frame.left)} {number(frame.bottom)}{steps}H{number(frame.right)}"
    return element("path", {"class": f"curve {css}", "d": path})


def _dots(arm: ArmLatency, css: str, frame: _Frame) -> Iterator[str]:
    for found in arm.percentiles:
        if found.estimate.rank is not None and found.estimate.value is not None:
            x, y = frame.x(found.estimate.value), frame.y(found.estimate.rank / arm.n)
            yield element("circle", {"class": f"dot {css}", "cx": x, "cy": y, "r": 5.0})


def _legend(arms: list[tuple[str, ArmLatency]]) -> Iterator[str]:
    for place, (css, arm) in enumerate(arms):
        x = _LEFT + 150.0 * place
        yield element("path", {"class": f"curve {css}", "d": f"M{number(x)} 16h24"})
        failed = f", {arm.censored} failed" if arm.censored else ""
        yield label(f"{css.upper()}, n = {arm.n}{failed}", {"class": css, "x": x + 30, "y": 20.0})


def _p50(arm: ArmLatency) -> str:
    value = arm.percentiles[0].estimate.value
    return "beyond the timeout" if value is None else f"{ms(value)} ms"
