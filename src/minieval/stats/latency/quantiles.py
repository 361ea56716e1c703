"""Ratios and shifts of a high quantile between two arms, by bootstrap within each arm.

Arguments come as (b, a); math.inf marks a censored latency. Without censoring and up to 20,000 latencies an
arm, quantiles are Harrell and Davis's (1982), which use all order statistics; else the nearest rank.
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

# (RESAMPLES + 1) times the usual tail probabilities is a whole number, so limits are order statistics.
RESAMPLES = 9_999
# Harrell-Davis sorts every resample; beyond this many values the nearest rank serves, which needs no resamples.
MOST_WEIGHTED = 20_000
# Values drawn at once, so that memory stays at about 25 MB whatever n is.
_CHUNK = 2_000_000


@dataclass(frozen=True, slots=True)
class _Bootstrap:
    estimate: float
    resampled: _Array
    """Shape (resamples,)."""


@dataclass(frozen=True, slots=True)
class QuantileContrast:
    """A quantile of either arm, bootstrapped once: every reading of it rests on the same resamples."""

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
    """Return the q-th quantile of both arms with its bootstrap, each arm resampled on its own.

    The random stream depends on the seed, q and the arm only: another metric changes no number of this one.
    """
    check_share("q", q)
    check_count("resamples", resamples, 1)
    of_b, of_a = np.sort(as_latencies("B", b)), np.sort(as_latencies("A", a))
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
    # Two censored quantiles say nothing about each other: they widen the interval on either side.
    unknown = np.isnan(contrasts)
    tail = (1 - confidence) / 2
    low = float(np.quantile(np.where(unknown, -np.inf, contrasts), tail, method="lower"))
    high = float(np.quantile(np.where(unknown, np.inf, contrasts), 1 - tail, method="higher"))

    def known(value: float) -> float | None:
        return back(value) if math.isfinite(value) else None

    return OpenInterval(known(estimate), known(low), known(high), confidence, found.method)


def _stream(seed: int, arm: str, q: float) -> np.random.Generator:
    # A stream of its own for every arm and quantile: adding a metric must not change the numbers of the others.
    key = zlib.crc32(f"quantile {q!r} of {arm}".encode())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,)))


def _weights(n: int, q: float) -> _Array:
    # The weight of the i-th order statistic is the chance that the quantile of a sample falls on it (Harrell and Davis
    # 1982): a Beta((n + 1) q, (n + 1) (1 - q)) probability.
    edges = stats.beta.cdf(np.arange(n + 1) / n, (n + 1) * q, (n + 1) * (1 - q))
    weights: _Array = np.diff(edges)
    return weights


def _harrell_davis(ordered: _Array, q: float, resamples: int, rng: np.random.Generator) -> _Bootstrap:
    n = ordered.size
    weights = _weights(n, q)
    rows = max(1, _CHUNK // n)
    parts: list[_Array] = []
    for start in range(0, resamples, rows):
        picked = rng.integers(0, n, size=(min(rows, resamples - start), n), dtype=np.int32)
        picked.sort(axis=1)
        parts.append(ordered[picked] @ weights)
    return _Bootstrap(float(weights @ ordered), np.concatenate(parts))


def _nearest_rank(ordered: _Array, q: float, resamples: int, rng: np.random.Generator) -> _Bootstrap:
    # The k-th smallest of n draws with replacement is the sample's quantile at the k-th of n uniforms, and
    # that is Beta(k, n - k + 1): no resample needs to be made.
    n = ordered.size
    k = max(1, math.ceil(round(q * n, 9)))
    ranks = np.ceil(n * rng.beta(k, n - k + 1, size=resamples)).astype(np.int64)
    return _Bootstrap(float(ordered[k - 1]), ordered[np.clip(ranks, 1, n) - 1])
