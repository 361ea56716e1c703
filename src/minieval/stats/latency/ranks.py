"""The ranks of the pairwise differences that bound a shift, and their values without computing all differences."""

import itertools
import math

import numpy as np
import numpy.typing as npt
from scipy import stats

_Array = npt.NDArray[np.float64]

# Up to this many differences (32 MB), computing all of them is faster than counting.
_MOST_MADE = 4_000_000


def normal_rank(a: _Array, b: _Array, tail: float) -> int:
    """Return floor(n_a n_b / 2 - z sigma_U), sigma_U corrected for ties; a rank below 1 means no limit."""
    n = a.size + b.size
    _, ties = np.unique(np.concatenate((a, b)), return_counts=True)
    # Ties reduce the variance of U. Floats, because the cube of a long run of ties overflows a 64-bit integer.
    ties = ties.astype(np.float64)
    correction = float(np.sum(ties**3 - ties)) / (n * (n - 1))
    # Rounding may put the variance of fully tied samples just below 0.
    sigma = math.sqrt(max(a.size * b.size / 12 * (n + 1 - correction), 0.0))
    return math.floor(a.size * b.size / 2 - float(stats.norm.isf(tail)) * sigma)


def exact_rank(n_a: int, n_b: int, tail: float) -> int:
    """Return the smallest k with P(U <= k) > tail if there is no shift, without ties; 0 means no limit.

    The number of orderings for each U is a coefficient of the Gaussian binomial, computed with integers.
    """
    smaller, larger = min(n_a, n_b), max(n_a, n_b)
    # Python integers are unbounded. With eight requests on one arm and about a thousand on the other, the counts would
    # overflow 64 bits.
    size = smaller * larger + 1
    counts = [1] + [0] * (size - 1)
    # Multiply by (1 - x^(larger + i)), highest power first, then divide by (1 - x^i), lowest first; both in place.
    for i in range(1, smaller + 1):
        for j in range(size - 1, larger + i - 1, -1):
            counts[j] -= counts[j - larger - i]
        for j in range(i, size):
            counts[j] += counts[j - i]
    total = math.comb(n_a + n_b, smaller)
    return next(k for k, cumulated in enumerate(itertools.accumulate(counts)) if cumulated / total > tail)


def pairwise_order_statistics(b: _Array, a: _Array, ranks: tuple[int, ...]) -> tuple[float, ...]:
    """Return the values of the given ranks (1 is the smallest) among all b[i] - a[j].

    If there are too many differences to compute, each rank is found by bisection on a count. That is exact to a
    relative 1e-12 and needs memory proportional to the samples only.
    """
    if a.size * b.size <= _MOST_MADE:
        differences = np.subtract.outer(b, a).ravel()
        # A partial sort places only the wanted ranks, in linear time.
        differences.partition([rank - 1 for rank in ranks])
        return tuple(float(differences[rank - 1]) for rank in ranks)
    ordered_a, ordered_b = np.sort(a), np.sort(b)
    return tuple(_by_counting(ordered_b, ordered_a, rank) for rank in ranks)


def _by_counting(b: _Array, a: _Array, rank: int) -> float:
    low, high = float(b[0] - a[-1]), float(b[-1] - a[0])
    # Counting the differences up to x takes one binary search per value of A: n log n instead of n^2.
    if np.searchsorted(b, a + low, side="right").sum() >= rank:
        return low
    while high - low > 1e-12 * max(1.0, abs(low), abs(high)):
        middle = (low + high) / 2
        if np.searchsorted(b, a + middle, side="right").sum() >= rank:
            high = middle
        else:
            low = middle
    return high
