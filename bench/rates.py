"""Observed against nominal rates, and exact rates by enumerating binomial counts."""

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
"""Tables less likely than this are left out of an enumeration; the remaining weights are rescaled to sum to 1."""

Cells = tuple[float, float, float, float]
"""Probabilities of an item's outcomes: both right, improved, regressed, both wrong."""

SAME: Cells = (0.86, 0.04, 0.04, 0.06)
BETTER: Cells = (0.75, 0.13, 0.03, 0.09)
OPPOSITE: Cells = (0.10, 0.40, 0.40, 0.10)
AT_MARGIN: Cells = (0.845, 0.025, 0.055, 0.075)


@dataclass(frozen=True)
class Rate:
    """An observed rate beside its nominal one. `runs` is None if the rate is exact, from enumeration."""

    what: str
    truth: str
    n: int
    nominal: float
    rate: float
    runs: int | None

    @property
    def standard_error(self) -> float:
        """The standard error of a simulated rate; 0 for an exact one."""
        return 0.0 if self.runs is None else math.sqrt(self.rate * (1 - self.rate) / self.runs)


def holds(found: Interval | OpenInterval, truth: float) -> bool:
    """Return whether an interval contains a value. An open side contains everything."""
    low, high = found.low, found.high
    return (low is None or low <= truth + 1e-12) and (high is None or truth - 1e-12 <= high)


@cache
def likely(n: int, p: float) -> tuple[tuple[int, float], ...]:
    """Return the counts with non-negligible probability, and their probabilities."""
    low, high = (int(distributions.binom.ppf(tail, n, p)) for tail in (NEGLIGIBLE, 1 - NEGLIGIBLE))
    counts = np.arange(low, high + 1)
    return tuple(zip(counts.tolist(), distributions.binom.pmf(counts, n, p).tolist(), strict=True))


def over_counts(n: int, p: float, event: Callable[[int], bool]) -> float:
    """Return the probability of an event that depends on a binomial count."""
    weighted = [(chance, event(x)) for x, chance in likely(n, p)]
    return _share(weighted)


def over_two(n: int, p_a: float, p_b: float, event: Callable[[int, int], bool]) -> float:
    """Return the probability of an event that depends on two independent binomial counts."""
    weighted = [
        (of_a * of_b, event(a, b))
        for a, of_a in likely(n, p_a)
        for b, of_b in likely(n, p_b)
        if of_a * of_b > NEGLIGIBLE
    ]
    return _share(weighted)


def over_discordant(n: int, cells: Cells, event: Callable[[int, int], bool]) -> float:
    """Return the probability of an event that depends on the numbers of improved and regressed items."""
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
