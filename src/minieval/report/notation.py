"""Formats numbers in one way per kind, so that report.html, report.md and the terminal agree."""

from typing import Final

from minieval.stats import ClusteredInterval, Interval, OpenInterval, Percentile
from minieval.verdict import gates

NONE: Final = "\N{EN DASH}"


def share(value: float | None) -> str:
    """Write a share as a percentage."""
    return NONE if value is None else f"{100 * value:.1f} %"


def accuracy(interval: Interval) -> str:
    """Write an accuracy with its limits, in percent."""
    return f"{100 * interval.estimate:.1f} % {limits(interval)}"


def limits(interval: Interval | ClusteredInterval, signed: str = "") -> str:
    """Write the limits of a share, in percent or points."""
    return f"[{100 * interval.low:{signed}.1f}, {100 * interval.high:{signed}.1f}]"


def difference(interval: Interval | ClusteredInterval | None) -> str:
    """Write a difference of shares with its limits, in signed percentage points."""
    return NONE if interval is None else f"{100 * interval.estimate:+.1f} {limits(interval, '+')}"


def pvalue(p: float | None) -> str:
    """Write a p-value, or a dash if there was no test."""
    return NONE if p is None else gates.pvalue(p)


def ms(value: float) -> str:
    """Write milliseconds with about three digits."""
    size = abs(value)
    return f"{value:.3f}" if size < 1 else f"{value:.2f}" if size < 100 else f"{value:.0f}"


def per_second(rate: Interval) -> str:
    """Write a rate with its limits, each with about three digits."""
    shown = (f"{x:.0f}" if x >= 100 else f"{x:.3g}" for x in (rate.estimate, rate.low, rate.high))
    return "{} [{}, {}]".format(*shown)


def usd(amount: Interval) -> str:
    """Write a positive amount of USD with its limits, all to the same decimal."""
    shown = (gates.usd(x, like=amount.low) for x in (amount.estimate, amount.low, amount.high))
    return "{} [{}, {}]".format(*shown)


def ratio(interval: OpenInterval) -> str:
    """Write a ratio with its limits; a limit that n cannot support or that is censored is a dash."""
    point = "unknown" if interval.estimate is None else f"{interval.estimate:.3f}"
    low, high = (NONE if x is None else f"{x:.3f}" for x in (interval.low, interval.high))
    return f"{point} [{low}, {high}]"


def percentile(found: Percentile) -> str:
    """Write a percentile in ms with its limits, saying which are censored or not estimable at this n."""
    estimate = "> timeout" if found.estimate.value is None else ms(found.estimate.value)
    low = _bound(found.low.rank, found.low.value)
    return f"{estimate} [{low}, {_bound(found.high.rank, found.high.value)}]"


def _bound(rank: int | None, value: float | None) -> str:
    if rank is None:
        return "not estimable"
    return "> timeout" if value is None else ms(value)
