"""Latency as clients saw it in the A/B block: per arm, and B compared with A."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from minieval.stats import (
    RESAMPLES,
    MannWhitney,
    OpenInterval,
    OrderStatistic,
    Percentile,
    SampleRatio,
    SignedRank,
    bootstrap_quantile,
    distribution,
    hodges_lehmann_ratio,
    hodges_lehmann_shift,
    mann_whitney,
    percentile,
    sample_ratio,
    wilcoxon,
)

Array = npt.NDArray[np.float64]

# p50 and p95 are gated. p99 is only shown, because below 368 requests it has no upper limit.
PERCENTILES: Final = (0.50, 0.95, 0.99)
# Hodges-Lehmann compares all pairs of requests, whose number grows with the square of n (here 4e8).
MOST_COMPARED: Final = 20_000
# More points than the figure has pixels would make the file larger, not the curve finer.
MOST_DRAWN: Final = 400


@dataclass(frozen=True, slots=True)
class LatencySample:
    """What one arm served: the first record of each id, without the warm-up and the runs that never had a chance.

    latencies are in ms, in any order, infinity where the arm failed; shape (n,). compared holds all of them, or 20,000
    chosen by a hash of the record id, so they are the same on every machine.
    """

    arm: str
    distinct_ids: int
    warmup: int
    excluded: int
    latencies: Array
    compared: Array


@dataclass(frozen=True, slots=True)
class ArmLatency:
    """One arm's percentiles in ms, over all its requests and, if some failed, over those that did not.

    distribution holds the order statistics for drawing the empirical distribution. It leaves out failures, so its
    largest rank may be below n.
    """

    arm: str
    n: int
    censored: int
    warmup: int
    excluded: int
    percentiles: tuple[Percentile, ...]
    survivors: tuple[Percentile, ...]
    distribution: tuple[OrderStatistic, ...]


@dataclass(frozen=True, slots=True)
class Contrast:
    """B compared with A at one quantile: for readers at confidence 1 - alpha, for the gate at 1 - 2 alpha.

    The gate's upper limits are thus one-sided limits at 1 - alpha. Shifts are in ms, B minus A.
    """

    ratio: OpenInterval
    gate_ratio: OpenInterval
    gate_shift: OpenInterval


@dataclass(frozen=True, slots=True)
class LatencyComparison:
    """B's latency against A's; p50 compares by Hodges-Lehmann, p95 by quantile."""

    mann_whitney: MannWhitney
    p50: Contrast
    p95: Contrast
    thinned: bool


@dataclass(frozen=True, slots=True)
class ServedLatency:
    """The latency section; comparison is None if an arm served nothing."""

    a: ArmLatency
    b: ArmLatency
    split: SampleRatio
    comparison: LatencyComparison | None


def compare_served(
    a: LatencySample, b: LatencySample, *, alpha: float, seed: int, resamples: int = RESAMPLES
) -> ServedLatency:
    """Return both arms' percentiles and the comparison; seed and resamples affect only the limits of the p95."""
    comparison = _compare(a, b, alpha, seed, resamples) if a.latencies.size and b.latencies.size else None
    return ServedLatency(
        a=_arm(a, 1 - alpha),
        b=_arm(b, 1 - alpha),
        split=sample_ratio(a.distinct_ids, b.distinct_ids),
        comparison=comparison,
    )


def compare_shadow(b: Array, a: Array) -> SignedRank | None:
    """Return the paired latency test of the shadow block; it decides nothing, because the arms share a machine."""
    return wilcoxon(b, a) if b.size else None


def _compare(a: LatencySample, b: LatencySample, alpha: float, seed: int, resamples: int) -> LatencyComparison:
    all_a, all_b = a.latencies, b.latencies
    few_a, few_b = a.compared, b.compared
    # A gate needs a one-sided limit at 1 - alpha, which is the upper limit of a two-sided interval at 1 - 2 alpha.
    reading, gate = 1 - alpha, 1 - 2 * alpha
    p50 = Contrast(
        ratio=hodges_lehmann_ratio(few_b, few_a, reading),
        gate_ratio=hodges_lehmann_ratio(few_b, few_a, gate),
        gate_shift=hodges_lehmann_shift(few_b, few_a, gate),
    )
    # Bootstrapped once: ratio and shift then come from the same resamples, and the work is not doubled.
    tail = bootstrap_quantile(all_b, all_a, 0.95, resamples=resamples, seed=seed)
    p95 = Contrast(ratio=tail.ratio(reading), gate_ratio=tail.ratio(gate), gate_shift=tail.shift(gate))
    thinned = max(all_a.size, all_b.size) > MOST_COMPARED
    return LatencyComparison(mann_whitney(all_b, all_a), p50, p95, thinned)


def _arm(arm: LatencySample, confidence: float) -> ArmLatency:
    # Survivors are shown only if something failed; otherwise they would repeat the same numbers.
    latencies = arm.latencies
    finite = latencies[np.isfinite(latencies)]
    censored = latencies.size - finite.size
    return ArmLatency(
        arm=arm.arm,
        n=latencies.size,
        censored=censored,
        warmup=arm.warmup,
        excluded=arm.excluded,
        percentiles=_percentiles(latencies, confidence),
        survivors=_percentiles(finite, confidence) if censored else (),
        distribution=distribution(finite, MOST_DRAWN) if finite.size else (),
    )


def _percentiles(latencies: Array, confidence: float) -> tuple[Percentile, ...]:
    return tuple(percentile(latencies, q, confidence) for q in PERCENTILES) if latencies.size else ()
