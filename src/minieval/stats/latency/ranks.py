"""Which of all pairwise differences bound a shift, and their values without making them all."""

import itertools
import math

import numpy as np
import numpy.typing as npt
from scipy import stats

_Array = npt.NDArray[np.float64]

# Below this many differences, making them all is faster than counting.
_MOST_MADE = 4_000_000


def normal_rank(a: _Array, b: _Array, tail: float) -> int:
    """Return floor(n_a n_b / 2 - z sigma_U), sigma_U corrected for ties; below 1 there is no limit."""
    n = a.size + b.size
    _, ties = np.unique(np.concatenate((a, b)), return_counts=True)
    # Ties make U vary less. In floats, because the cubes of long ties overflow whole numbers.
    ties = ties.astype(np.float64)
    correction = float(np.sum(ties**3 - ties)) / (n * (n - 1))
    sigma = math.sqrt(max(a.size * b.size / 12 * (n + 1 - correction), 0.0))
    return math.floor(a.size * b.size / 2 - float(stats.norm.isf(tail)) * sigma)


def exact_rank(n_a: int, n_b: int, tail: float) -> int:
    """Return the smallest k with P(U <= k) > tail under no shift, ties excluded; 0 means no limit.

    The counts of U are the coefficients of a Gaussian binomial, multiplied out in whole numbers.
    """
    smaller, larger = min(n_a, n_b), max(n_a, n_b)
    # Python's whole numbers have no upper bound; with eight requests on one arm and about a thousand on the other,
    # counts would overflow 64 bits.
    size = smaller * larger + 1
    counts = [1] + [0] * (size - 1)
    for i in range(1, smaller + 1):
        for j in range(size - 1, larger + i - 1, -1):
            counts[j] -= counts[j - larger - i]
        for j in range(i, size):
            counts[j] += counts[j - i]
    total = math.comb(n_a + n_b, smaller)
    return next(k for k, cumulated in enumerate(itertools.accumulate(counts)) if cumulated / total > tail)


def pairwise_order_statistics(b: _Array, a: _Array, ranks: tuple[int, ...]) -> tuple[float, ...]:
    """Return the values of the given ranks (1 is the smallest) among all b[i] - a[j].

    Where there are too many differences, each rank is found by bisection on a count, exact to 1e-12 of the
    spread and in memory of the order of the samples.
    """
    if a.size * b.size <= _MOST_MADE:
        differences = np.subtract.outer(b, a).ravel()
        differences.partition([rank - 1 for rank in ranks])
        return tuple(float(differences[rank - 1]) for rank in ranks)
    ordered_a, ordered_b = np.sort(a), np.sort(b)
    return tuple(_by_counting(ordered_b, ordered_a, rank) for rank in ranks)


def _by_counting(b: _Array, a: _Array, rank: int) -> float:
    low, high = float(b[0] - a[-1]), float(b[-1] - a[0])
    # How many differences are at most x takes one binary search per value of A: n log n instead of n^2.
    if np.searchsorted(b, a + low, side="right").sum() >= rank:
        return low
    while high - low > 1e-12 * max(1.0, abs(low), abs(high)):
        middle = (low + high) / 2
        if np.searchsorted(b, a + middle, side="right").sum() >= rank:
            high = middle
        else:
            low = middle
    return high
