"""A confidence interval for a mean difference over clustered items (here: many sentences with the same verb)."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from scipy import stats

from minieval.errors import UnusableNumbers
from minieval.stats.results import check_share


@dataclass(frozen=True, slots=True)
class ClusteredInterval:
    """A mean difference with its cluster-robust limits.

    The design effect is the variance divided by the variance that unrelated items would have; None if nothing varies.
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

    Residuals are summed per cluster, squared and scaled by G / (G - 1) (Miller 2024, error bars for evaluations).
    Needs at least two clusters. Below ten the interval is too narrow, so callers do not use it.
    """
    check_share("confidence", confidence)
    if len(differences) != len(clusters):
        raise UnusableNumbers("number of cluster labels", len(clusters), f"{len(differences)}")
    n, g = len(differences), len(set(clusters))
    if g < 2:
        raise UnusableNumbers("number of clusters", g, "at least 2")
    # fsum, so that the order of the items cannot change the last digit.
    mean = math.fsum(differences) / n
    sums: dict[Hashable, float] = {}
    for difference, cluster in zip(differences, clusters, strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + difference - mean
    # CR1: items in a cluster are hard for the same reason, so the observations are the sums of residuals per cluster.
    # The factor G / (G - 1) corrects for estimating the mean from the same data.
    variance = g / (g - 1) * math.fsum(s * s for s in sums.values()) / n**2
    # The variance of the mean if the items were independent: the denominator of the design effect.
    unrelated = math.fsum((d - mean) ** 2 for d in differences) / (n * (n - 1))
    # With few clusters the variance itself is uncertain: t with G - 1 degrees of freedom instead of the normal.
    half = float(stats.t.isf((1 - confidence) / 2, g - 1)) * math.sqrt(variance)
    return ClusteredInterval(
        estimate=mean,
        # A difference of accuracies cannot leave [-1, 1], but a t interval can.
        low=max(-1.0, mean - half),
        high=min(1.0, mean + half),
        confidence=confidence,
        clusters=g,
        design_effect=variance / unrelated if unrelated > 0 else None,
    )
