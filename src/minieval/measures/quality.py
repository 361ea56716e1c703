"""Is B more accurate than A on the same items? All numbers of the quality section.

The paired test and the widest applicable interval decide. Statistics that assume independence are reported next to
them.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cache

from minieval.errors import UnusableNumbers
from minieval.manifest import Margins
from minieval.measures.item_results import ItemResult, PairCounts, count
from minieval.stats import (
    ClusteredInterval,
    DetectableEffect,
    Interval,
    NonInferiority,
    PairsNeeded,
    Significance,
    accuracy_interval,
    cluster_robust_interval,
    mcnemar_exact,
    mcnemar_midp,
    minimum_detectable_effect,
    newcombe_interval,
    newcombe_paired_interval,
    noninferiority,
    pairs_needed,
    tango_interval,
    two_proportion_ztest,
)

# Below ten clusters the CR1 interval is too narrow, and false promotions exceed the nominal level (statistics.md,
# section 1).
FEWEST_CLUSTERS = 10

# These searches are slow and depend on few numbers, and every treatment of missing answers repeats them.
_detectable = cache(minimum_detectable_effect)
_pairs_needed = cache(pairs_needed)


@dataclass(frozen=True, slots=True)
class Deciding:
    """The deciding interval, which is the widest that applies, and the method that produced it.

    If items got varying answers, the methods have different estimates (Tango counts signs). The interval then extends
    from the lowest of their limits to the highest, around the mean difference.
    """

    method: str
    interval: Interval


@dataclass(frozen=True, slots=True)
class Quality:
    """Accuracies and their difference, B minus A, over n distinct items.

    n_more_needed is how many pairs are still missing, 0 if there are enough, None if no number is enough.
    """

    n: int
    requests: int
    varying_items: int
    counts: PairCounts
    n_correct_a: int
    n_correct_b: int
    n_discordant: int
    discordance: float
    accuracy_a: Interval
    accuracy_b: Interval
    difference: float
    z_test: Significance
    z_interval: Interval
    z_factor: float | None
    mcnemar_exact: Significance
    mcnemar_midp: Significance
    tango: Interval
    newcombe_paired: Interval
    cluster_name: str | None
    clustered: ClusteredInterval | None
    deciding: Deciding
    deciding_one_sided: Deciding
    noninferiority: NonInferiority
    detectable: DetectableEffect
    needed: PairsNeeded
    n_more_needed: int | None


def assess_quality(rows: Sequence[ItemResult], alpha: float, margins: Margins) -> Quality:
    """Return the comparison of the arms on at least one item; intervals have confidence 1 - alpha.

    deciding_one_sided has confidence 1 - 2 alpha, so its lower limit is the one-sided limit for non-inferiority.
    """
    if not rows:
        raise UnusableNumbers("number of paired items", 0, "at least 1")
    counts = count(rows)
    n, right_a, right_b = counts.n, counts.right_a, counts.right_b
    confidence = 1 - alpha
    # fsum, so that the order of the items cannot change the last digit.
    difference = math.fsum(row.difference for row in rows) / n
    # The variance that the unpaired z-test assumes: z_factor is z_unpaired / z_McNemar (statistics.md, section 1).
    pooled = (right_a + right_b) / (2 * n)
    variance = 2 * n * pooled * (1 - pooled)
    discordant = counts.n_improved + counts.n_regressed
    # Before the slow searches, because these calls refuse an alpha so small that 1 - alpha rounds to 1.
    accuracy_a, accuracy_b = (accuracy_interval(right, n, confidence) for right in (right_a, right_b))
    needed = _needed(difference, counts.discordance, alpha, margins)
    return Quality(
        n=n,
        requests=sum(row.requests for row in rows),
        varying_items=_varying(rows),
        counts=counts,
        n_correct_a=right_a,
        n_correct_b=right_b,
        n_discordant=discordant,
        discordance=counts.discordance,
        accuracy_a=accuracy_a,
        accuracy_b=accuracy_b,
        difference=difference,
        z_test=two_proportion_ztest(right_a, n, right_b, n),
        z_interval=newcombe_interval(right_a, n, right_b, n, confidence),
        z_factor=math.sqrt(discordant / variance) if variance > 0 else None,
        mcnemar_exact=mcnemar_exact(counts.n_improved, counts.n_regressed),
        mcnemar_midp=mcnemar_midp(counts.n_improved, counts.n_regressed),
        tango=tango_interval(counts.n_improved, counts.n_regressed, n, confidence),
        newcombe_paired=newcombe_paired_interval(
            counts.n_both, counts.n_improved, counts.n_regressed, counts.n_neither, confidence
        ),
        cluster_name=_cluster_name(rows),
        clustered=_by_cluster(rows, confidence),
        deciding=_deciding(rows, counts, confidence),
        deciding_one_sided=_deciding(rows, counts, 1 - 2 * alpha),
        noninferiority=noninferiority(counts.n_improved, counts.n_regressed, n, margins.noninferiority, alpha),
        detectable=_detectable(n, counts.discordance, alpha=alpha),
        needed=needed,
        n_more_needed=None if needed.estimate is None else max(0, needed.estimate - n),
    )


def _deciding(rows: Sequence[ItemResult], counts: PairCounts, confidence: float) -> Deciding:
    # Tango ignores clusters, and the cluster interval is too narrow if clusters happen to agree: the wider one decides.
    candidates: list[tuple[str, Interval | ClusteredInterval]] = [
        ("Tango score", tango_interval(counts.n_improved, counts.n_regressed, counts.n, confidence))
    ]
    by_cluster = _by_cluster(rows, confidence)
    if by_cluster is not None:
        candidates.append((f"cluster-robust by {_cluster_name(rows)} (CR1, t)", by_cluster))
    # If repeats of an item got different answers, the item is itself a cluster.
    if _varying(rows):
        by_item = _clustered(rows, [row.item.id for row in rows], confidence, 2)
        if by_item is not None:
            candidates.append(("cluster-robust by item (CR1, t)", by_item))
        low, high = min(found.low for _, found in candidates), max(found.high for _, found in candidates)
        method = "hull of " + ", ".join(name for name, _ in candidates)
        return Deciding(method, Interval(math.fsum(row.difference for row in rows) / counts.n, low, high, confidence))
    # max returns the first of equals, which is Tango.
    method, widest = max(candidates, key=lambda candidate: candidate[1].width)
    return Deciding(method, Interval(widest.estimate, widest.low, widest.high, confidence))


def _cluster_name(rows: Sequence[ItemResult]) -> str | None:
    """Return what the clusters are called, or None if an item has no cluster or there are several kinds."""
    kinds = {None if row.item.cluster is None else row.item.cluster[0] for row in rows}
    return kinds.pop() if len(kinds) == 1 else None


def _by_cluster(rows: Sequence[ItemResult], confidence: float) -> ClusteredInterval | None:
    if _cluster_name(rows) is None:
        return None
    return _clustered(rows, [row.item.cluster for row in rows], confidence, FEWEST_CLUSTERS)


def _clustered(
    rows: Sequence[ItemResult], labels: Sequence[Hashable], confidence: float, fewest: int
) -> ClusteredInterval | None:
    if len(set(labels)) < fewest:
        return None
    return cluster_robust_interval([row.difference for row in rows], labels, confidence)


def _varying(rows: Sequence[ItemResult]) -> int:
    # A share other than 0 or 1 means that answers to the same item were graded differently.
    return sum(row.a not in {0.0, 1.0} or row.b not in {0.0, 1.0} for row in rows)


def _needed(difference: float, discordance: float, alpha: float, margins: Margins) -> PairsNeeded:
    """Return the pairs that would detect the observed gain, or the smallest useful gain if that is larger."""
    # Planning for less than the smallest useful gain would spend pairs on an effect that is too small to matter.
    effect = max(difference, margins.smallest_useful_gain)
    return _pairs_needed(effect, max(discordance, effect), alpha=alpha)
