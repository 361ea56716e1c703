"""The interval of a mean difference whose items come in clusters (here: one verb in many sentences)."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from scipy import stats

from minieval.errors import UnusableNumbers
from minieval.stats.results import check_share


@dataclass(frozen=True, slots=True)
class ClusteredInterval:
    """A mean difference with its cluster-robust limits.

    The design effect says how many times the variance is that of unrelated items; None if nothing varies.
    """

    estimate: float
    low: float
    high: float
    confidence: float
    clusters: int
    design_effect: float | None

    @property
    def width(self) -> float:
        """Distance between the limits."""
        return self.high - self.low


def cluster_robust_interval(
    differences: Sequence[float], clusters: Sequence[Hashable], confidence: float = 0.95
) -> ClusteredInterval:
    """Return the CR1 t interval, G - 1 degrees of freedom, of the mean of differences in -1..1.

    Residuals are summed per cluster and their squares scaled by G / (G - 1) (Miller 2024, error bars for
    evaluations). Needs at least two clusters; below ten it promises too much, and callers leave it out.
    """
    check_share("confidence", confidence)
    if len(differences) != len(clusters):
        raise UnusableNumbers("number of clusters' labels", len(clusters), f"{len(differences)}")
    n, g = len(differences), len(set(clusters))
    if g < 2:
        raise UnusableNumbers("number of clusters", g, "at least 2")
    mean = math.fsum(differences) / n
    sums: dict[Hashable, float] = {}
    for difference, cluster in zip(differences, clusters, strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + difference - mean
    # CR1: items of a cluster share what makes them hard, so sums of residuals per cluster are the observations. The
    # factor G / (G - 1) makes up for the mean that was estimated from them.
    variance = g / (g - 1) * math.fsum(s * s for s in sums.values()) / n**2
    unrelated = math.fsum((d - mean) ** 2 for d in differences) / (n * (n - 1))
    # With few clusters the variance itself is uncertain: t with G - 1 degrees of freedom instead of the normal.
    half = float(stats.t.isf((1 - confidence) / 2, g - 1)) * math.sqrt(variance)
    return ClusteredInterval(
        estimate=mean,
        low=max(-1.0, mean - half),
        high=min(1.0, mean + half),
        confidence=confidence,
        clusters=g,
        design_effect=variance / unrelated if unrelated > 0 else None,
    )
