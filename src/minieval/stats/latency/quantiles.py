"""Ratios and shifts of a quantile between two arms, bootstrapped within each arm.

Arguments come as (b, a); math.inf marks a censored latency. Without censoring and up to 20,000 latencies per arm, the
estimator is Harrell and Davis's (1982), which uses all order statistics. Otherwise it is the nearest rank.
"""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from minieval.stats.latency.percentiles import Latencies, as_latencies
from minieval.stats.results import OpenInterval, check_count, check_share

_Array = npt.NDArray[np.float64]

# (RESAMPLES + 1) times the usual tail probabilities is an integer, so the limits are order statistics.
RESAMPLES = 9_999
# Harrell-Davis sorts every resample, which is slow beyond this many values. The nearest rank needs no resamples.
MOST_WEIGHTED = 20_000
# Values drawn at a time, which keeps memory at about 25 MB for any n.
_CHUNK = 2_000_000


@dataclass(frozen=True, slots=True)
class _Bootstrap:
    estimate: float
    resampled: _Array
    """Shape (resamples,)."""


@dataclass(frozen=True, slots=True)
class QuantileContrast:
    """The same quantile of both arms, bootstrapped once: ratio and shift use the same resamples."""

    b: _Bootstrap
    a: _Bootstrap
    method: str

    def ratio(self, confidence: float = 0.95) -> OpenInterval:
        """Return quantile B over quantile A with percentile limits of the bootstrapped log ratio."""
        return _limits(self, lambda of_b, of_a: np.log(of_b) - np.log(of_a), math.exp, confidence)

    def shift(self, confidence: float = 0.95) -> OpenInterval:
        """Return quantile B minus quantile A, in their unit."""
        return _limits(self, np.subtract, float, confidence)


def harrell_davis(values: Latencies, q: float) -> float:
    """Return the Harrell-Davis estimate of the q-th quantile of uncensored latencies."""
    check_share("q", q)
    ordered = np.sort(as_latencies("sample", values))
    return float(_weights(ordered.size, q) @ ordered)


def bootstrap_quantile(
    b: Latencies, a: Latencies, q: float, *, resamples: int = RESAMPLES, seed: int = 0
) -> QuantileContrast:
    """Return the q-th quantile of both arms with its bootstrap; each arm is resampled separately.

    The random stream depends only on the seed, q and the arm, so adding a metric does not change this one's numbers.
    """
    check_share("q", q)
    check_count("resamples", resamples, 1)
    of_b, of_a = np.sort(as_latencies("B", b)), np.sort(as_latencies("A", a))
    # Harrell-Davis gives every order statistic some weight, so a single infinite value would make it infinite.
    # np.sort puts infinity last.
    censored = bool(np.isinf(of_b[-1]) or np.isinf(of_a[-1]))
    plain = censored or max(of_b.size, of_a.size) > MOST_WEIGHTED
    resample = _nearest_rank if plain else _harrell_davis
    return QuantileContrast(
        b=resample(of_b, q, resamples, _stream(seed, "B", q)),
        a=resample(of_a, q, resamples, _stream(seed, "A", q)),
        method="nearest rank" if plain else "Harrell-Davis",
    )


def quantile_ratio(
    b: Latencies,
    a: Latencies,
    q: float,
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> OpenInterval:
    """Return quantile B over quantile A with percentile limits of the bootstrapped log ratio."""
    return bootstrap_quantile(b, a, q, resamples=resamples, seed=seed).ratio(confidence)


def quantile_shift(
    b: Latencies,
    a: Latencies,
    q: float,
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> OpenInterval:
    """Return quantile B minus quantile A, in their unit, from the same resamples as the ratio."""
    return bootstrap_quantile(b, a, q, resamples=resamples, seed=seed).shift(confidence)


def _limits(
    found: QuantileContrast,
    contrast: Callable[[_Array, _Array], _Array],
    back: Callable[[float], float],
    confidence: float,
) -> OpenInterval:
    check_share("confidence", confidence)
    with np.errstate(invalid="ignore"):
        estimate = float(contrast(np.array([found.b.estimate]), np.array([found.a.estimate]))[0])
        contrasts = contrast(found.b.resampled, found.a.resampled)
    # If both quantiles of a resample are censored, their contrast is unknown: count it against both limits.
    unknown = np.isnan(contrasts)
    tail = (1 - confidence) / 2
    # "lower" and "higher" pick order statistics; interpolating next to an infinite value would give NaN.
    low = float(np.quantile(np.where(unknown, -np.inf, contrasts), tail, method="lower"))
    high = float(np.quantile(np.where(unknown, np.inf, contrasts), 1 - tail, method="higher"))

    def known(value: float) -> float | None:
        return back(value) if math.isfinite(value) else None

    return OpenInterval(known(estimate), known(low), known(high), confidence, found.method)


def _stream(seed: int, arm: str, q: float) -> np.random.Generator:
    # One stream per arm and quantile, so that adding a metric does not change the numbers of the others. crc32, because
    # hash() of a str differs between processes.
    key = zlib.crc32(f"quantile {q!r} of {arm}".encode())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,)))


def _weights(n: int, q: float) -> _Array:
    # The weight of the i-th order statistic is the Beta((n + 1) q, (n + 1) (1 - q)) probability of the interval
    # ((i - 1) / n, i / n) (Harrell and Davis 1982). Shapes: edges (n + 1,), weights (n,).
    edges = stats.beta.cdf(np.arange(n + 1) / n, (n + 1) * q, (n + 1) * (1 - q))
    weights: _Array = np.diff(edges)
    return weights


def _harrell_davis(ordered: _Array, q: float, resamples: int, rng: np.random.Generator) -> _Bootstrap:
    n = ordered.size
    weights = _weights(n, q)
    rows = max(1, _CHUNK // n)
    parts: list[_Array] = []
    for start in range(0, resamples, rows):
        # Shape (rows, n). Sorting indices equals sorting values, because `ordered` is sorted; int32 halves the memory.
        picked = rng.integers(0, n, size=(min(rows, resamples - start), n), dtype=np.int32)
        picked.sort(axis=1)
        parts.append(ordered[picked] @ weights)
    return _Bootstrap(float(weights @ ordered), np.concatenate(parts))


def _nearest_rank(ordered: _Array, q: float, resamples: int, rng: np.random.Generator) -> _Bootstrap:
    # The k-th smallest of n draws with replacement is the sample quantile at the k-th smallest of n uniforms, which is
    # distributed as Beta(k, n - k + 1). So no resample has to be drawn.
    n = ordered.size
    k = max(1, math.ceil(round(q * n, 9)))
    ranks = np.ceil(n * rng.beta(k, n - k + 1, size=resamples)).astype(np.int64)
    return _Bootstrap(float(ordered[k - 1]), ordered[np.clip(ranks, 1, n) - 1])
