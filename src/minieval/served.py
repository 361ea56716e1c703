"""Latency as clients saw it in the A/B block, per arm and compared."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from minieval.latency import (
    MannWhitney,
    OrderStatistic,
    Percentile,
    SignedRank,
    bootstrap_quantile,
    distribution,
    hodges_lehmann_ratio,
    hodges_lehmann_shift,
    mann_whitney,
    percentile,
    wilcoxon,
)
from minieval.observation import MISSING, OK, Observation
from minieval.paired import GradedPair
from minieval.quantiles import RESAMPLES
from minieval.stats import OpenInterval, SampleRatio, sample_ratio

PERCENTILES: Final = (0.50, 0.95, 0.99)
MOST_COMPARED: Final = 20_000
MOST_DRAWN: Final = 400


@dataclass(frozen=True, slots=True)
class Timing:
    """One served request: its latency in ms, math.inf where the arm failed."""

    record_id: str
    latency_ms: float


@dataclass(frozen=True, slots=True)
class ServedArm:
    """What one arm served: the first record of each id, less the warm-up and what never got its chance."""

    arm: str
    distinct_ids: int
    warmup: int
    excluded: int
    timings: tuple[Timing, ...]

    @property
    def latencies(self) -> tuple[float, ...]:
        """All latencies in log order, failures as math.inf."""
        return tuple(timing.latency_ms for timing in self.timings)


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


def served(observations: Iterable[Observation], arm: str, warmup: int) -> ServedArm:
    """Return what an arm served in the A/B block, in log order."""
    first: dict[str, Observation] = {}
    for observation in observations:
        if observation.strategy == "ab" and observation.production_arm == arm:
            first.setdefault(observation.request_id, observation)
    warm = list(first.values())[warmup:]
    had_chance = [o for o in warm if o.answers[arm].status not in MISSING]
    timings = tuple(Timing(o.record_id, _latency(o, arm)) for o in had_chance)
    return ServedArm(arm, len(first), min(warmup, len(first)), len(warm) - len(had_chance), timings)


def compare_served(a: ServedArm, b: ServedArm, *, alpha: float, seed: int, resamples: int = RESAMPLES) -> ServedLatency:
    """Return both arms' percentiles and the comparison; seed and resamples move the limits of the p95 only."""
    comparison = _compare(a, b, alpha, seed, resamples) if a.timings and b.timings else None
    return ServedLatency(
        a=_arm(a, 1 - alpha),
        b=_arm(b, 1 - alpha),
        split=sample_ratio(a.distinct_ids, b.distinct_ids),
        comparison=comparison,
    )


def compare_shadow(graded: Sequence[GradedPair]) -> SignedRank | None:
    """Return the paired latency test of the shadow block; the arms share a machine, so it decides nothing."""
    pairs = [
        (pair.pair.b.latency_ms, pair.pair.a.latency_ms)
        for pair in graded
        if pair.pair.b.latency_ms is not None and pair.pair.a.latency_ms is not None and pair.answered
    ]
    return wilcoxon([b for b, _ in pairs], [a for _, a in pairs]) if pairs else None


def _compare(a: ServedArm, b: ServedArm, alpha: float, seed: int, resamples: int) -> LatencyComparison:
    all_a, all_b = a.latencies, b.latencies
    few_a, few_b = _thin(a.timings), _thin(b.timings)
    reading, gate = 1 - alpha, 1 - 2 * alpha
    p50 = Contrast(
        ratio=hodges_lehmann_ratio(few_b, few_a, reading),
        gate_ratio=hodges_lehmann_ratio(few_b, few_a, gate),
        gate_shift=hodges_lehmann_shift(few_b, few_a, gate),
    )
    tail = bootstrap_quantile(all_b, all_a, 0.95, resamples=resamples, seed=seed)
    p95 = Contrast(ratio=tail.ratio(reading), gate_ratio=tail.ratio(gate), gate_shift=tail.shift(gate))
    thinned = max(len(all_a), len(all_b)) > MOST_COMPARED
    return LatencyComparison(mann_whitney(all_b, all_a), p50, p95, thinned)


def _thin(timings: Sequence[Timing]) -> tuple[float, ...]:
    """Return at most 20,000 latencies, chosen by a hash of the record's id: the same ones on every machine."""
    if len(timings) > MOST_COMPARED:
        by_hash = sorted(timings, key=lambda t: hashlib.sha256(t.record_id.encode()).digest())
        timings = by_hash[:MOST_COMPARED]
    return tuple(timing.latency_ms for timing in timings)


def _arm(arm: ServedArm, confidence: float) -> ArmLatency:
    latencies = arm.latencies
    finite = tuple(latency for latency in latencies if math.isfinite(latency))
    censored = len(latencies) - len(finite)
    return ArmLatency(
        arm=arm.arm,
        n=len(latencies),
        censored=censored,
        warmup=arm.warmup,
        excluded=arm.excluded,
        percentiles=_percentiles(latencies, confidence),
        survivors=_percentiles(finite, confidence) if censored else (),
        distribution=distribution(finite, MOST_DRAWN) if finite else (),
    )


def _percentiles(latencies: Sequence[float], confidence: float) -> tuple[Percentile, ...]:
    return tuple(percentile(latencies, q, confidence) for q in PERCENTILES) if latencies else ()


def _latency(observation: Observation, arm: str) -> float:
    answer = observation.answers[arm]
    if answer.status != OK or answer.latency_ms is None:
        return math.inf
    return answer.latency_ms
