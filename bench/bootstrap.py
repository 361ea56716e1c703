"""Ratios of quantiles, and means, with bootstrap intervals over rounds.

Requests within a round are correlated, because the machine's state changes slowly. So whole rounds are resampled, with
numerator and denominator together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95
RESAMPLES = 4_999
Latencies = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval."""

    estimate: float
    low: float
    high: float


def quantile(latencies: Latencies, q: float) -> float:
    """Return the nearest-rank quantile. It is infinite if it falls on an unanswered request."""
    return float(np.quantile(latencies, q, method="inverted_cdf"))


def quantile_ratio(above: Sequence[Latencies], below: Sequence[Latencies], q: float, seed: int) -> Interval:
    """Return the ratio of two conditions' quantiles, each over all rounds. One array per round."""

    def ratio(rounds: NDArray[np.int64]) -> float:
        over, under = (np.concatenate([side[i] for i in rounds.tolist()]) for side in (above, below))
        return quantile(over, q) / quantile(under, q)

    return _over_rounds(ratio, len(above), seed)


def mean_interval(values: NDArray[np.float64], seed: int) -> Interval:
    """Return the mean of one value per round, with its interval."""
    return _over_rounds(lambda rounds: float(values[rounds].mean()), len(values), seed)


def _over_rounds(statistic: Callable[[NDArray[np.int64]], float], count: int, seed: int) -> Interval:
    """Bootstrap a statistic over the indices of rounds.

    The interval is Hesterberg's expanded percentile interval (2015, The American Statistician 69, 371-386): with few
    rounds the plain one is too narrow, and this one is as wide as a t interval.
    """
    everything = np.arange(count)
    if count < 2:
        raise ValueError(f"rounds is {count}: expected at least 2")
    tail = stats.norm.cdf(np.sqrt(count / (count - 1)) * stats.t.ppf((1 - CONFIDENCE) / 2, count - 1))
    found = stats.bootstrap(
        (everything,),
        statistic,
        vectorized=False,
        n_resamples=RESAMPLES,
        confidence_level=1 - 2 * tail,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(statistic(everything), float(found.low), float(found.high))
