"""Paired comparison of two arms on the same items: McNemar's tests and the intervals of the difference.

Counts are always the number of items that improved (A wrong, B right) and regressed (A right, B wrong).
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

    low is the one-sided lower limit of the difference at confidence 1 - alpha: it lies above -margin exactly
    where the test passes.
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

    The exact p-value less the point probability of the observed minimum; 1 - half of it where the counts
    are equal, and 1 with no discordant pair.
    """
    m, smaller = _discordant(n_improved, n_regressed)
    if m == 0:
        return Significance(0.0, 1.0)
    # Half the probability of what was observed counts as "at least as extreme" on either side. The exact test counts
    # all of it, and so stays well below its level at small m.
    point = float(stats.binom.pmf(smaller, m, 0.5))
    if n_improved == n_regressed:
        return Significance(float(smaller), 1 - point / 2)
    return Significance(float(smaller), 2 * float(stats.binom.cdf(smaller, m, 0.5)) - point)


def smallest_midp(discordant: int) -> float:
    """Return the smallest mid-p that this many discordant pairs can attain: all on one side."""
    check_count("discordant", discordant)
    return 0.5**discordant


def always_valid_mcnemar(n_improved: int, n_regressed: int, previous_pvalue: float = 1.0) -> Significance:
    """Return the e-value and the always-valid p of a shadow that is read while it runs.

    E = B(1 + improved, 1 + regressed) 2^(improved + regressed), the mixture of likelihood ratios under a
    uniform prior (Schultzberg et al. 2024). p is the running minimum of 1/E: hand the last p back in at the
    next look. Reading as often as one likes keeps the type I error.
    """
    m, _ = _discordant(n_improved, n_regressed)
    if not 0.0 <= previous_pvalue <= 1.0:
        raise UnusableNumbers("previous_pvalue", previous_pvalue, "a number from 0 to 1")
    log_e = math.lgamma(1 + n_improved) + math.lgamma(1 + n_regressed) - math.lgamma(2 + m) + m * math.log(2.0)
    # exp overflows past 709; an e-value there is beyond any use that is made of it.
    return Significance(math.exp(min(log_e, 700.0)), min(previous_pvalue, math.exp(-log_e)))


def tango_statistic(n_improved: int, n_regressed: int, n: int, difference: float) -> float:
    """Return Tango's (1998) score statistic Z of a candidate difference in -1..1; it falls as that rises."""
    # The nuisance parameter q (the share that regresses) at its maximum likelihood under this difference: the root of a
    # q^2 + b q + c in statistics.md, section 2.
    a = 2.0 * n
    b = -n_improved - n_regressed + (2 * n - n_improved + n_regressed) * difference
    c = -n_regressed * difference * (1 - difference)
    # Squaring a tiny b would lose it where nothing regressed.
    root = abs(b) if c == 0 else math.sqrt(max(b * b - 4 * a * c, 0.0))
    # The textbook root cancels when b > 0; its conjugate does not.
    q = (root - b) / (2 * a) if b <= 0 else -2 * c / (b + root)
    variance = n * (2 * q + difference * (1 - difference))
    numerator = n_improved - n_regressed - n * difference
    # Without variance, a candidate fits either exactly or not at all: an estimate of -1 or 1 is its own limit.
    if variance <= 0.0:
        return 0.0 if numerator == 0 else math.copysign(math.inf, numerator)
    return numerator / math.sqrt(variance)


def tango_interval(n_improved: int, n_regressed: int, n: int, confidence: float = 0.95) -> Interval:
    """Return Tango's (1998) score interval of accuracy_B - accuracy_A for n >= 1 pairs, in -1..1.

    No discordant pair gives +-z^2/(n + z^2): agreement in a sample is not certainty.
    """
    _within(n_improved, n_regressed, n)
    check_share("confidence", confidence)
    estimate = (n_improved - n_regressed) / n
    z = normal_quantile(confidence)

    def limit(outside: float, target: float) -> float:
        # Z falls as the difference rises, so each limit is bracketed by the estimate and the end of the range, and
        # bisection cannot miss it. Newton steps could leave the range.
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
    """Return Newcombe's (1998) interval of accuracy_B - accuracy_A for pairs (method 10).

    Wilson limits of the two margins, joined by their correlation; its numerator is shrunk towards 0 by n/2
    where it is positive, as published software does.
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
    # Newcombe's continuity correction, for positive correlation only, as in the published examples that tests pin.
    if covariance > 0:
        covariance = max(covariance - n / 2, 0.0)
    phi = covariance / math.sqrt(product) if product else 0.0
    difference = (n_improved - n_regressed) / n

    def spread(of_b: float, of_a: float) -> float:
        return math.sqrt(max(of_b**2 - 2 * phi * of_b * of_a + of_a**2, 0.0))

    low = difference - spread(b.estimate - b.low, a.high - a.estimate)
    high = difference + spread(b.high - b.estimate, a.estimate - a.low)
    return Interval(difference, low, high, confidence)


def noninferiority(
    n_improved: int, n_regressed: int, n: int, margin: float = 0.03, alpha: float = 0.05
) -> NonInferiority:
    """Test that B is less than margin worse than A: passed if Z(-margin) >= z(1 - alpha).

    The same as the lower limit of the Tango interval at confidence 1 - 2 alpha lying above -margin.
    """
    _within(n_improved, n_regressed, n)
    check_share("margin", margin)
    check_share("alpha", alpha)
    # At 0.5 the limit would be the estimate itself, and beyond it a worse B would pass more easily.
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
