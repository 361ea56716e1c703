"""The smallest difference that n pairs can detect, and the number of pairs that a difference needs.

Both use the unconditional power of the mid-p test. The number of discordant pairs is binomial, and given that number,
so is the number that improved. There is no simulation and no normal approximation.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from minieval.errors import UnusableNumbers
from minieval.stats.results import check_count, check_share


@dataclass(frozen=True, slots=True)
class DetectableEffect:
    """The smallest difference that n pairs detect with the stated power; None if no possible difference reaches it."""

    estimate: float | None
    n: int
    discordance: float
    power: float
    alpha: float


@dataclass(frozen=True, slots=True)
class PairsNeeded:
    """The number of pairs that detect an effect with the stated power; None above ten million."""

    estimate: int | None
    effect: float
    discordance: float
    power: float
    alpha: float


# The search needs an upper bound, and ten million pairs is more than any run would send.
MOST_PAIRS = 10_000_000


def midp_power(n: int, effect: float, discordance: float, alpha: float = 0.05) -> float:
    """Return the chance that mid-p < alpha on n pairs when the true difference is effect."""
    _check(effect, discordance, alpha)
    check_count("n", n, 1)
    if discordance == 0:
        return 0.0
    # Numbers of discordant pairs outside this range change the power by less than 1e-12.
    low = max(1, int(stats.binom.ppf(1e-13, n, discordance)))
    discordants = np.arange(low, max(low, int(stats.binom.isf(1e-13, n, discordance))) + 1)
    weights = stats.binom.pmf(discordants, n, discordance)
    critical = _critical(discordants, alpha)
    # If the difference is `effect`, this share of the discordant pairs improves: (d + |e|) / 2d.
    share = (1 + abs(effect) / discordance) / 2
    # Reject if the minority is at most `critical`, whichever arm it favours; shape (numbers of discordant pairs,).
    reject = stats.binom.cdf(critical, discordants, share) + stats.binom.sf(
        discordants - critical - 1, discordants, share
    )
    return float(np.sum(weights * np.where(critical >= 0, reject, 0.0)))


def minimum_detectable_effect(n: int, discordance: float, power: float = 0.8, alpha: float = 0.05) -> DetectableEffect:
    """Return the smallest difference that n pairs with this discordance detect with the given power."""
    check_share("power", power)
    _check(0.0, discordance, alpha)
    # The largest possible difference is the discordance itself, when every discordant pair improves.
    if midp_power(n, discordance, discordance, alpha) < power:
        return DetectableEffect(None, n, discordance, power, alpha)
    # Power rises with the effect at a fixed n, so bisection finds the smallest effect.
    low, high = 0.0, discordance
    while high - low > 1e-7:
        middle = (low + high) / 2
        if midp_power(n, middle, discordance, alpha) >= power:
            high = middle
        else:
            low = middle
    return DetectableEffect(high, n, discordance, power, alpha)


def pairs_needed(effect: float, discordance: float, power: float = 0.8, alpha: float = 0.05) -> PairsNeeded:
    """Return how many pairs detect the effect with the given power; discordance must be at least the effect."""
    check_share("power", power)
    _check(effect, discordance, alpha)
    if effect == 0:
        return PairsNeeded(None, effect, discordance, power, alpha)
    # Double n until the power suffices, then bisect. Power grows with n except for a small sawtooth, because counts are
    # integers; the result can therefore be slightly above the very smallest n.
    high = 1
    while midp_power(high, effect, discordance, alpha) < power:
        high *= 2
        if high > MOST_PAIRS:
            return PairsNeeded(None, effect, discordance, power, alpha)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        if midp_power(middle, effect, discordance, alpha) >= power:
            high = middle
        else:
            low = middle
    return PairsNeeded(high, effect, discordance, power, alpha)


def _critical(discordants: npt.NDArray[np.int64], alpha: float) -> npt.NDArray[np.float64]:
    """Return, per number of discordant pairs, the largest minority count with mid-p < alpha; -1 for none."""
    # mid-p of k is cdf(k) + cdf(k - 1), so the alpha/2 quantile is either the answer or one too large.
    quantile = stats.binom.ppf(alpha / 2, discordants, 0.5)
    midp = stats.binom.cdf(quantile, discordants, 0.5) + stats.binom.cdf(quantile - 1, discordants, 0.5)
    critical: npt.NDArray[np.float64] = np.where(midp < alpha, quantile, quantile - 1)
    return critical


def _check(effect: float, discordance: float, alpha: float) -> None:
    check_share("alpha", alpha)
    if not 0.0 <= discordance <= 1.0:
        raise UnusableNumbers("discordance", discordance, "a share from 0 to 1")
    if not math.isfinite(effect) or abs(effect) > discordance:
        raise UnusableNumbers("effect", effect, f"at most the discordance {discordance} in size")
