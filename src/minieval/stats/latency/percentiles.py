"""Percentiles of latencies with distribution-free limits; answers that never came count as censored.

Latencies are positive numbers in one unit. math.inf marks a request that failed or timed out; it is right-censored and
ranks after every answer. Percentiles follow the nearest-rank rule.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from minieval.errors import UnusableNumbers
from minieval.record.record import LONGEST_MS
from minieval.stats.results import check_share

Latencies = Sequence[float] | npt.NDArray[np.float64]

RULE = "nearest rank: the ceil(q n)-th smallest of n, failures and timeouts ranking last"

CLOCK_RESOLUTION_MS = 1e-6
"""The resolution of a monotonic nanosecond clock. A measured 0 is replaced by this, because its logarithm is taken."""


@dataclass(frozen=True, slots=True)
class OrderStatistic:
    """The value at a rank. rank is None if n is too small to estimate it, value is None if it is censored."""

    rank: int | None
    value: float | None


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile with the order statistics that bound it; n includes the censored values."""

    q: float
    estimate: OrderStatistic
    low: OrderStatistic
    high: OrderStatistic
    confidence: float
    n: int
    censored: int


def as_latencies(name: str, values: Latencies) -> npt.NDArray[np.float64]:
    """Return the latencies as an array of shape (n,); refuse an empty one, NaN, and values outside 0..LONGEST_MS."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise UnusableNumbers(f"number of latencies of {name}", int(array.size), "at least 1")
    wrong = array[np.isnan(array) | (array < 0) | ((array > LONGEST_MS) & np.isfinite(array))]
    if wrong.size:
        raise UnusableNumbers(f"latency of {name}", float(wrong[0]), f"milliseconds from 0 to {LONGEST_MS:g}")
    return np.maximum(array, CLOCK_RESOLUTION_MS)


def percentile(values: Latencies, q: float, confidence: float = 0.95) -> Percentile:
    """Return the q-th percentile (q in 0..1) with its order-statistic interval.

    The limits have the ranks binom.ppf(a/2, n, q) and binom.ppf(1 - a/2, n, q) + 1, with a = 1 - confidence. A rank
    outside 1..n means that n requests cannot bound that side.
    """
    check_share("q", q)
    check_share("confidence", confidence)
    # The number of values below the true percentile is binomial(n, q) for any continuous distribution of latencies, so
    # the limits assume nothing about its shape.
    ordered = np.sort(as_latencies("sample", values))
    n = int(ordered.size)
    tail = (1 - confidence) / 2

    def at(rank: int) -> OrderStatistic:
        if not 1 <= rank <= n:
            return OrderStatistic(None, None)
        value = float(ordered[rank - 1])
        return OrderStatistic(rank, value if math.isfinite(value) else None)

    # q n is often an integer that floating point misses by an ulp (0.95 * 100, 0.07 * 100); ceil would then be 1 off.
    nearest = max(1, math.ceil(round(q * n, 9)))
    return Percentile(
        q=q,
        estimate=at(nearest),
        low=at(int(stats.binom.ppf(tail, n, q))),
        high=at(int(stats.binom.ppf(1 - tail, n, q)) + 1),
        confidence=confidence,
        n=n,
        censored=int(np.isinf(ordered).sum()),
    )


def distribution(values: Latencies, most: int) -> tuple[OrderStatistic, ...]:
    """Return at most `most` order statistics of answered latencies, evenly spaced in rank, including the largest.

    >>> [point.rank for point in distribution([5.0, 1.0, 2.0, 4.0], 2)]
    [2, 4]
    """
    ordered = np.sort(as_latencies("sample", values))
    n = int(ordered.size)
    few = min(n, most)
    ranks = (math.ceil(k * n / few) for k in range(1, few + 1))
    return tuple(OrderStatistic(rank, float(ordered[rank - 1])) for rank in ranks)


def requests_for_upper_limit(q: float, confidence: float = 0.95) -> int:
    """Return the smallest n whose largest value bounds the q-th percentile from above: q^n <= (1 - c) / 2.

    >>> requests_for_upper_limit(0.99)
    368
    """
    check_share("q", q)
    check_share("confidence", confidence)
    # q^n is the chance that even the largest of n values lies below the percentile.
    return math.ceil(math.log((1 - confidence) / 2) / math.log(q))
