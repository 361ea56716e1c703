"""Latency as clients saw it in the A/B block, per arm and compared."""

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

# p50 and p95 are gated; p99 is shown, for below 368 requests it has no upper limit.
PERCENTILES: Final = (0.50, 0.95, 0.99)
# Hodges-Lehmann compares all pairs of requests, and their number grows with the square of n (here 4e8).
MOST_COMPARED: Final = 20_000
# More points than pixels would make the figure larger, not finer.
MOST_DRAWN: Final = 400


@dataclass(frozen=True, slots=True)
class LatencySample:
    """What one arm served: the first record of each id, less the warm-up and what never got its chance.

    latencies: ms, in any order, infinity where the arm failed. compared: all of them, or 20,000 chosen by a hash of
    the record's id, the same ones on every machine.
    """

    arm: str
    distinct_ids: int
    warmup: int
    excluded: int
    latencies: Array
    compared: Array


@dataclass(frozen=True, slots=True)
class ArmLatency:
    """One arm's percentiles in ms, over all its requests and, where some failed, over those that did not.

    distribution has the order statistics that its empirical distribution is drawn through; failures are left
    out of it, so that its ranks end before n.
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
    """B against A at one place of the distribution, twice: for reading at 1 - alpha, for the gate at 1 - 2 alpha.

    The upper limits of the second pair are the one-sided ones at 1 - alpha. Shifts are in ms, B minus A.
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
    """The latency section; no comparison where an arm served nothing."""

    a: ArmLatency
    b: ArmLatency
    split: SampleRatio
    comparison: LatencyComparison | None


def compare_served(
    a: LatencySample, b: LatencySample, *, alpha: float, seed: int, resamples: int = RESAMPLES
) -> ServedLatency:
    """Return both arms' percentiles and the comparison; seed and resamples move the limits of the p95 only."""
    comparison = _compare(a, b, alpha, seed, resamples) if a.latencies.size and b.latencies.size else None
    return ServedLatency(
        a=_arm(a, 1 - alpha),
        b=_arm(b, 1 - alpha),
        split=sample_ratio(a.distinct_ids, b.distinct_ids),
        comparison=comparison,
    )


def compare_shadow(b: Array, a: Array) -> SignedRank | None:
    """Return the paired latency test of the shadow block; the arms share a machine, so it decides nothing."""
    return wilcoxon(b, a) if b.size else None


def _compare(a: LatencySample, b: LatencySample, alpha: float, seed: int, resamples: int) -> LatencyComparison:
    all_a, all_b = a.latencies, b.latencies
    few_a, few_b = a.compared, b.compared
    # The upper limit of a two-sided interval at 1 - 2 alpha is the one-sided limit at 1 - alpha that a gate needs.
    reading, gate = 1 - alpha, 1 - 2 * alpha
    p50 = Contrast(
        ratio=hodges_lehmann_ratio(few_b, few_a, reading),
        gate_ratio=hodges_lehmann_ratio(few_b, few_a, gate),
        gate_shift=hodges_lehmann_shift(few_b, few_a, gate),
    )
    tail = bootstrap_quantile(all_b, all_a, 0.95, resamples=resamples, seed=seed)
    p95 = Contrast(ratio=tail.ratio(reading), gate_ratio=tail.ratio(gate), gate_shift=tail.shift(gate))
    thinned = max(all_a.size, all_b.size) > MOST_COMPARED
    return LatencyComparison(mann_whitney(all_b, all_a), p50, p95, thinned)


def _arm(arm: LatencySample, confidence: float) -> ArmLatency:
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
