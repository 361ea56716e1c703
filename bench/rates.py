"""How often something happened against how often it should, and the chances of counts that give the exact rate."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats as distributions

from minieval.stats import Interval
from minieval.stats.results import OpenInterval

ALPHA = 0.05
NEGLIGIBLE = 1e-9
"""Tables less likely than this are left out of an enumeration; the weights are scaled up to 1."""

Cells = tuple[float, float, float, float]
"""Chances of an item: both right, improved, regressed, neither."""

SAME: Cells = (0.86, 0.04, 0.04, 0.06)
BETTER: Cells = (0.75, 0.13, 0.03, 0.09)
OPPOSITE: Cells = (0.10, 0.40, 0.40, 0.10)
AT_MARGIN: Cells = (0.845, 0.025, 0.055, 0.075)


@dataclass(frozen=True)
class Rate:
    """How often something happened against how often it should: runs is None where it was enumerated."""

    what: str
    truth: str
    n: int
    nominal: float
    rate: float
    runs: int | None

    @property
    def standard_error(self) -> float:
        """Of the rate, by simulation; 0 where it is exact."""
        return 0.0 if self.runs is None else math.sqrt(self.rate * (1 - self.rate) / self.runs)


def holds(found: Interval | OpenInterval, truth: float) -> bool:
    """Tell whether an interval holds a value; an open side holds everything."""
    low, high = found.low, found.high
    return (low is None or low <= truth + 1e-12) and (high is None or truth - 1e-12 <= high)


@cache
def likely(n: int, p: float) -> tuple[tuple[int, float], ...]:
    """Return the counts that matter with their chances."""
    low, high = (int(distributions.binom.ppf(tail, n, p)) for tail in (NEGLIGIBLE, 1 - NEGLIGIBLE))
    counts = np.arange(low, high + 1)
    return tuple(zip(counts.tolist(), distributions.binom.pmf(counts, n, p).tolist(), strict=True))


def over_counts(n: int, p: float, event: Callable[[int], bool]) -> float:
    """Return the chance of an event that depends on a binomial count."""
    weighted = [(chance, event(x)) for x, chance in likely(n, p)]
    return _share(weighted)


def over_two(n: int, p_a: float, p_b: float, event: Callable[[int, int], bool]) -> float:
    """Return the chance of an event that depends on two independent binomial counts."""
    weighted = [
        (of_a * of_b, event(a, b))
        for a, of_a in likely(n, p_a)
        for b, of_b in likely(n, p_b)
        if of_a * of_b > NEGLIGIBLE
    ]
    return _share(weighted)


def over_discordant(n: int, cells: Cells, event: Callable[[int, int], bool]) -> float:
    """Return the chance of an event that depends on the items improved and regressed."""
    _, improved, regressed, _ = cells
    discordance = improved + regressed
    weighted = [
        (of_m * of_i, event(i, m - i))
        for m, of_m in likely(n, discordance)
        for i, of_i in likely(m, improved / discordance)
        if of_m * of_i > NEGLIGIBLE
    ]
    return _share(weighted)


def _share(weighted: list[tuple[float, bool]]) -> float:
    return sum(chance for chance, happened in weighted if happened) / sum(chance for chance, _ in weighted)
