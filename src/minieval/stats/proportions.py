"""Accuracies, and comparisons that treat the arms as if they had answered different requests.

On shadow data these ignore the pairing. The report prints them next to the paired test, never instead of it.
"""

import math
from dataclasses import dataclass
from typing import Final

from scipy import stats

from minieval.stats.results import Interval, Significance, check_count, check_share, normal_quantile

# Much stricter than alpha: a false alarm discards a whole run, and a split that is really broken is off by far more.
SAMPLE_RATIO_ALPHA: Final = 0.001
"""Below this p-value, the split between the arms counts as broken."""


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """How far the observed split is from the planned one: the chi-squared statistic, and both p-values."""

    statistic: float
    pvalue: float
    pvalue_chisquare: float


def accuracy_interval(x: int, n: int, confidence: float = 0.95) -> Interval:
    """Return the Wilson (1927) score interval of x right answers out of n >= 1."""
    check_count("n", n, 1)
    check_count("x", x, 0, n)
    check_share("confidence", confidence)
    z, share = normal_quantile(confidence), x / n
    # scipy offers this interval only on the result of binomtest, whose p-value costs a hundred times as much.
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # For x = 0 and x = n the limit is exactly 0 or 1; rounding could put it one ulp outside.
    low = 0.0 if x == 0 else middle - half
    high = 1.0 if x == n else middle + half
    return Interval(share, low, high, confidence)


def clopper_pearson_upper(x: int, n: int, confidence: float = 0.95) -> float:
    """Return the one-sided exact upper limit (Clopper and Pearson 1934) of x events in n >= 1 runs."""
    check_count("n", n, 1)
    check_count("x", x, 0, n)
    check_share("confidence", confidence)
    # The limit is a quantile of the beta distribution, because binomial tails are incomplete beta functions.
    return 1.0 if x == n else float(stats.beta.ppf(confidence, x + 1, n - x))


def two_proportion_ztest(x_a: int, n_a: int, x_b: int, n_b: int) -> Significance:
    """Return the pooled two-proportion z-test; z > 0 if B is more accurate.

    If the pooled proportion is 0 or 1, nothing varies: z = 0, p = 1.
    """
    for name, x, n in (("x_a", x_a, n_a), ("x_b", x_b, n_b)):
        check_count(name.replace("x", "n"), n, 1)
        check_count(name, x, 0, n)
    pooled = (x_a + x_b) / (n_a + n_b)
    # The pooled variance is 0 here, and z would be 0 / 0.
    if x_a + x_b in {0, n_a + n_b}:
        return Significance(0.0, 1.0)
    z = (x_b / n_b - x_a / n_a) / math.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))
    return Significance(z, 2 * float(stats.norm.sf(abs(z))))


def newcombe_interval(x_a: int, n_a: int, x_b: int, n_b: int, confidence: float = 0.95) -> Interval:
    """Return the score interval for accuracy_B - accuracy_A from independent samples (Newcombe 1998)."""
    a = accuracy_interval(x_a, n_a, confidence)
    b = accuracy_interval(x_b, n_b, confidence)
    difference = b.estimate - a.estimate
    # The lower limit combines B's lower Wilson limit with A's upper one; the upper limit does the reverse.
    low = difference - math.hypot(b.estimate - b.low, a.high - a.estimate)
    high = difference + math.hypot(b.high - b.estimate, a.estimate - a.low)
    return Interval(difference, low, high, confidence)


def sample_ratio(n_a: int, n_b: int, share_a: float = 0.5) -> SampleRatio:
    """Test whether an A/B split of distinct ids is compatible with the planned share of A.

    The exact binomial p-value decides (below .001 is a mismatch); the chi-squared p-value is given for reference.
    """
    check_count("n_a", n_a)
    check_count("n_b", n_b)
    check_share("share_a", share_a)
    n = n_a + n_b
    if n == 0:
        return SampleRatio(0.0, 1.0, 1.0)
    # A/B tools usually print chi-squared. The exact p-value decides, because it is also valid for a handful of ids.
    expected = n * share_a
    statistic = (n_a - expected) ** 2 / expected + (n_a - expected) ** 2 / (n - expected)
    exact = float(stats.binomtest(n_a, n, share_a).pvalue)
    return SampleRatio(statistic, exact, float(stats.chi2.sf(statistic, 1)))
