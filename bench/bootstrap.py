"""Ratios of quantiles with bootstrap intervals over rounds.

Requests within a round share the machine's mood, so whole rounds are drawn, numerator and denominator together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95
RESAMPLES = 4_999
Latencies = NDArray[np.float64]


@dataclass(frozen=True)
class Ratio:
    """A ratio with its 95 % interval."""

    estimate: float
    low: float
    high: float


def quantile(latencies: Latencies, q: float) -> float:
    """Return the nearest-rank quantile; infinite where it falls on requests that were never answered."""
    return float(np.quantile(latencies, q, method="inverted_cdf"))


def quantile_ratio(above: Sequence[Latencies], below: Sequence[Latencies], q: float, seed: int) -> Ratio:
    """Return the ratio of two conditions' quantiles, each over all rounds together; one array a round.

    The interval is Hesterberg's expanded percentile interval (2015, The American Statistician 69, 371-386): with few
    rounds the plain one is too narrow, and this one is as wide as a t interval would be.
    """
    count = len(above)

    def ratio(rounds: NDArray[np.int64]) -> float:
        over, under = (np.concatenate([side[i] for i in rounds.tolist()]) for side in (above, below))
        return quantile(over, q) / quantile(under, q)

    tail = stats.norm.cdf(np.sqrt(count / (count - 1)) * stats.t.ppf((1 - CONFIDENCE) / 2, count - 1))
    found = stats.bootstrap(
        (np.arange(count),),
        ratio,
        vectorized=False,
        n_resamples=RESAMPLES,
        confidence_level=1 - 2 * tail,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Ratio(ratio(np.arange(count)), float(found.low), float(found.high))
