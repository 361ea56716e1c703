"""Paired comparison of two arms on the same items: McNemar's tests, and intervals for the difference.

Counts are always numbers of items that improved (A wrong, B right) and regressed (A right, B wrong).
"""

import math
from dataclasses import dataclass

from scipy import stats

from minieval.errors import UnusableNumbers
from minieval.stats.proportions import accuracy_interval
from minieval.stats.results import Interval, Significance, check_count, check_share, normal_quantile


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """One-sided score test of "B is worse than A by the margin or more".

    low is the one-sided lower limit of the difference at confidence 1 - alpha. It is above -margin if and only if the
    test passes.
    """

    statistic: float
    pvalue: float
    estimate: float
    low: float
    margin: float
    passed: bool


def mcnemar_exact(n_improved: int, n_regressed: int) -> Significance:
    """Return McNemar's exact conditional test, two-sided; with no discordant pair p = 1."""
    # Given m discordant pairs, the null makes each a fair coin: concordant pairs carry no information about B minus A.
    m, smaller = _discordant(n_improved, n_regressed)
    pvalue = 1.0 if m == 0 else float(stats.binomtest(smaller, m).pvalue)
    return Significance(float(smaller), pvalue)


def mcnemar_midp(n_improved: int, n_regressed: int) -> Significance:
    """Return McNemar's mid-p test, two-sided (Fagerland, Lydersen and Laake 2013).

    This is the exact p-value minus the point probability of the observed minimum. If the counts are equal, it is 1
    minus half that probability; with no discordant pair it is 1.
    """
    m, smaller = _discordant(n_improved, n_regressed)
    if m == 0:
        return Significance(0.0, 1.0)
    # Only half the probability of the observed count is treated as "at least as extreme", on either side. The exact
    # test counts all of it, which keeps its type I error well below alpha at small m.
    point = float(stats.binom.pmf(smaller, m, 0.5))
    # With equal counts both tails share the middle point. Half of it counts, but the formula below would count it all.
    if n_improved == n_regressed:
        return Significance(float(smaller), 1 - point / 2)
    return Significance(float(smaller), 2 * float(stats.binom.cdf(smaller, m, 0.5)) - point)


def smallest_midp(discordant: int) -> float:
    """Return the smallest mid-p that this many discordant pairs can attain, which is when all are on one side."""
    check_count("discordant", discordant)
    # The exact two-sided p is 2 * 0.5^m, and mid-p subtracts the point probability 0.5^m once.
    return 0.5**discordant


def always_valid_mcnemar(n_improved: int, n_regressed: int, previous_pvalue: float = 1.0) -> Significance:
    """Return the e-value and the always-valid p-value for a shadow that is read while it runs.

    E = B(1 + improved, 1 + regressed) 2^(improved + regressed), the mixture of likelihood ratios under a
    uniform prior (Schultzberg et al. 2024). p is the running minimum of 1/E: pass the previous p back in at the
    next look. The type I error holds however often the shadow is read.
    """
    m, _ = _discordant(n_improved, n_regressed)
    if not 0.0 <= previous_pvalue <= 1.0:
        raise UnusableNumbers("previous_pvalue", previous_pvalue, "a number from 0 to 1")
    # On the log scale: 2^m and the beta function leave the range of a float at about a thousand pairs.
    log_e = math.lgamma(1 + n_improved) + math.lgamma(1 + n_regressed) - math.lgamma(2 + m) + m * math.log(2.0)
    # exp overflows past 709. Capping E there changes no conclusion, as e^700 is beyond any threshold.
    return Significance(math.exp(min(log_e, 700.0)), min(previous_pvalue, math.exp(-log_e)))


def tango_statistic(n_improved: int, n_regressed: int, n: int, difference: float) -> float:
    """Return Tango's (1998) score statistic Z for a candidate difference in -1..1; Z falls as the difference rises."""
    # q, the share that regresses, is a nuisance parameter. Its maximum-likelihood value under this difference is the
    # root of a q^2 + b q + c (statistics.md, section 2).
    a = 2.0 * n
    b = -n_improved - n_regressed + (2 * n - n_improved + n_regressed) * difference
    c = -n_regressed * difference * (1 - difference)
    # If nothing regressed, c is 0 and the root is |b|; squaring a tiny b would underflow to 0.
    root = abs(b) if c == 0 else math.sqrt(max(b * b - 4 * a * c, 0.0))
    # For b > 0 the textbook root subtracts two nearly equal numbers and loses its digits; its conjugate does not.
    q = (root - b) / (2 * a) if b <= 0 else -2 * c / (b + root)
    variance = n * (2 * q + difference * (1 - difference))
    numerator = n_improved - n_regressed - n * difference
    # With zero variance a candidate either fits exactly or not at all, so an estimate of -1 or 1 is its own limit.
    if variance <= 0.0:
        return 0.0 if numerator == 0 else math.copysign(math.inf, numerator)
    return numerator / math.sqrt(variance)


def tango_interval(n_improved: int, n_regressed: int, n: int, confidence: float = 0.95) -> Interval:
    """Return Tango's (1998) score interval for accuracy_B - accuracy_A from n >= 1 pairs, in -1..1.

    Without a discordant pair it is +-z^2/(n + z^2): agreement in a sample is not certainty.
    """
    _within(n_improved, n_regressed, n)
    check_share("confidence", confidence)
    estimate = (n_improved - n_regressed) / n
    z = normal_quantile(confidence)

    def limit(outside: float, target: float) -> float:
        # Z falls as the difference rises, so each limit lies between the estimate and the end of the range, and
        # bisection always finds it. Newton steps could leave the range.
        inside = estimate
        while abs(inside - outside) > 1e-12:
            middle = (inside + outside) / 2
            if abs(tango_statistic(n_improved, n_regressed, n, middle)) <= target:
                inside = middle
            else:
                outside = middle
        return inside

    return Interval(estimate, limit(-1.0, z), limit(1.0, z), confidence)


def newcombe_paired_interval(
    n_both: int, n_improved: int, n_regressed: int, n_neither: int, confidence: float = 0.95
) -> Interval:
    """Return Newcombe's (1998) interval for accuracy_B - accuracy_A from pairs (method 10).

    It combines the Wilson limits of the two margins using their correlation. A positive numerator of the correlation
    is shrunk towards 0 by n/2, as published software does.
    """
    n = n_both + n_improved + n_regressed + n_neither
    _within(n_improved, n_regressed, n)
    check_count("n_both", n_both)
    check_count("n_neither", n_neither)
    a = accuracy_interval(n_both + n_regressed, n, confidence)
    b = accuracy_interval(n_both + n_improved, n, confidence)
    # phi is the correlation of the two arms' answers; without it this would be the interval for independent samples.
    margins = (n_both + n_improved, n_regressed + n_neither, n_both + n_regressed, n_improved + n_neither)
    product = math.prod(float(margin) for margin in margins)
    covariance = float(n_both) * n_neither - float(n_improved) * n_regressed
    # Newcombe's continuity correction, for positive correlation only; the published examples in the tests need it.
    if covariance > 0:
        covariance = max(covariance - n / 2, 0.0)
    # A margin of 0 means that one arm was always right or always wrong, and then the correlation is undefined.
    phi = covariance / math.sqrt(product) if product else 0.0
    difference = (n_improved - n_regressed) / n

    def spread(of_b: float, of_a: float) -> float:
        # How far a limit lies from the difference, given how far the margins' limits do; rounding may go below 0.
        return math.sqrt(max(of_b**2 - 2 * phi * of_b * of_a + of_a**2, 0.0))

    low = difference - spread(b.estimate - b.low, a.high - a.estimate)
    high = difference + spread(b.high - b.estimate, a.estimate - a.low)
    return Interval(difference, low, high, confidence)


def noninferiority(
    n_improved: int, n_regressed: int, n: int, margin: float = 0.03, alpha: float = 0.05
) -> NonInferiority:
    """Test that B is less than margin worse than A: passed if Z(-margin) >= z(1 - alpha).

    Equivalent to the Tango interval at confidence 1 - 2 alpha having its lower limit above -margin.
    """
    _within(n_improved, n_regressed, n)
    check_share("margin", margin)
    check_share("alpha", alpha)
    # At 0.5 the limit would equal the estimate; above 0.5, a worse B would pass more easily.
    if alpha >= 0.5:
        raise UnusableNumbers("alpha", alpha, "a number below 0.5")
    z = tango_statistic(n_improved, n_regressed, n, -margin)
    found = tango_interval(n_improved, n_regressed, n, 1 - 2 * alpha)
    return NonInferiority(
        statistic=z,
        pvalue=float(stats.norm.sf(z)),
        estimate=found.estimate,
        low=found.low,
        margin=margin,
        passed=z >= float(stats.norm.isf(alpha)),
    )


def _discordant(n_improved: int, n_regressed: int) -> tuple[int, int]:
    check_count("n_improved", n_improved)
    check_count("n_regressed", n_regressed)
    return n_improved + n_regressed, min(n_improved, n_regressed)


def _within(n_improved: int, n_regressed: int, n: int) -> None:
    check_count("n", n, 1)
    check_count("n_improved", n_improved, 0, n)
    check_count("n_regressed", n_regressed, 0, n - n_improved)
