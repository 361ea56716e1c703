"""Rank tests and location shifts: is B slower than A, and by what factor?

Arguments come as (b, a), so that every result reads B against A. math.inf marks a censored latency; a shift or limit
that depends on one is None.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from minieval.errors import UnusableNumbers
from minieval.stats.latency.percentiles import Latencies, as_latencies
from minieval.stats.latency.ranks import exact_rank, normal_rank, pairwise_order_statistics
from minieval.stats.results import OpenInterval, check_share

_Array = npt.NDArray[np.float64]

# Replaces +infinity before subtracting. It exceeds any latency and any log latency, and the difference of two censored
# values is 0, a tie, where inf - inf would be NaN.
_BEYOND = 1e15


@dataclass(frozen=True, slots=True)
class MannWhitney:
    """Mann-Whitney's U of B with its two-sided p, and P(B slower) + P(tie) / 2."""

    statistic: float
    pvalue: float
    probability_slower: float


@dataclass(frozen=True, slots=True)
class SignedRank:
    """Wilcoxon's signed-rank test on paired log ratios, and the median ratio B over A."""

    statistic: float
    pvalue: float
    estimate: float | None
    n: int


def mann_whitney(b: Latencies, a: Latencies) -> MannWhitney:
    """Test whether B and A have the same latencies; U counts the pairs in which B is slower, and half of the ties."""
    of_b, of_a = _finite(as_latencies("B", b)), _finite(as_latencies("A", a))
    pairs = of_a.size * of_b.size
    # If all values are tied, the variance of U is 0 and scipy would divide by it.
    if np.ptp(np.concatenate((of_a, of_b))) == 0:
        return MannWhitney(pairs / 2, 1.0, 0.5)
    # U over the number of pairs is P(B slower) + P(tie) / 2.
    result = stats.mannwhitneyu(of_b, of_a, use_continuity=True, alternative="two-sided")
    statistic = float(result.statistic)
    return MannWhitney(statistic, float(result.pvalue), statistic / pairs)


def hodges_lehmann_ratio(b: Latencies, a: Latencies, confidence: float = 0.95) -> OpenInterval:
    """Return the ratio of latencies B over A: exp of the median pairwise log difference, with its interval.

    Hodges and Lehmann 1963; the limits invert the Mann-Whitney test. The ratio has no unit, so changing the unit
    of both arms does not change it.
    """
    of_b, of_a = (np.log(as_latencies(name, values)) for name, values in (("B", b), ("A", a)))
    shift = _shift(_finite(of_b), _finite(of_a), confidence)

    def back(log: float | None) -> float | None:
        return None if log is None else math.exp(log)

    return OpenInterval(back(shift.estimate), back(shift.low), back(shift.high), confidence, shift.method)


def hodges_lehmann_shift(b: Latencies, a: Latencies, confidence: float = 0.95) -> OpenInterval:
    """Return the shift of latencies B minus A, in their unit, with the interval of the same test."""
    return _shift(_finite(as_latencies("B", b)), _finite(as_latencies("A", a)), confidence)


def wilcoxon(b: Latencies, a: Latencies) -> SignedRank:
    """Test the log ratios of paired latencies for a median of 0; equal pairs are left out (Wilcoxon)."""
    of_b, of_a = (_finite(np.log(as_latencies(name, values))) for name, values in (("B", b), ("A", a)))
    if of_b.size != of_a.size:
        raise UnusableNumbers("number of latencies of B", int(of_b.size), f"{of_a.size}, one per pair")
    logs = of_b - of_a
    median = _known(float(np.median(logs)))
    estimate = None if median is None else math.exp(median)
    # Wilcoxon's test drops zero differences, and here nothing would remain.
    if not np.any(logs):
        return SignedRank(0.0, 1.0, estimate, int(logs.size))
    result = stats.wilcoxon(logs, zero_method="wilcox", alternative="two-sided")
    return SignedRank(float(result.statistic), float(result.pvalue), estimate, int(logs.size))


def _shift(b: _Array, a: _Array, confidence: float) -> OpenInterval:
    check_share("confidence", confidence)
    pairs = a.size * b.size
    tail = (1 - confidence) / 2
    both = np.concatenate((a, b))
    # With eight requests or fewer on an arm the normal approximation of U is too coarse. The exact distribution is only
    # valid without ties.
    exact = min(a.size, b.size) <= 8 and np.unique(both).size == both.size
    # Inverting the test gives the k-th smallest and k-th largest pairwise differences as the limits.
    k = exact_rank(a.size, b.size, tail) if exact else normal_rank(a, b, tail)
    # The ranks whose average is the median; they are the same rank if the number of pairs is odd.
    middle = ((pairs + 1) // 2, pairs // 2 + 1)
    bounded = k >= 1
    wanted = (*middle, k, pairs + 1 - k) if bounded else middle
    found = pairwise_order_statistics(b, a, wanted)
    method = "Hodges-Lehmann, " + ("exact ranks" if exact else "normal ranks")
    return OpenInterval(
        estimate=_known((found[0] + found[1]) / 2),
        low=_known(found[2]) if bounded else None,
        high=_known(found[3]) if bounded else None,
        confidence=confidence,
        method=method,
    )


def _finite(values: _Array) -> _Array:
    return np.where(np.isinf(values), _BEYOND, values)


def _known(value: float) -> float | None:
    # Half of _BEYOND can come from averaging a censored difference with a finite one, hence the margin.
    return None if abs(value) > _BEYOND / 4 else value
