"""Exact coverage and level of statistics on counts, by enumerating every table with non-negligible probability."""

from collections.abc import Iterator
from functools import partial

from bench.rates import ALPHA, AT_MARGIN, BETTER, OPPOSITE, SAME, Rate, holds, over_counts, over_discordant, over_two
from minieval.stats import (
    accuracy_interval,
    clopper_pearson_upper,
    mcnemar_exact,
    mcnemar_midp,
    newcombe_interval,
    noninferiority,
    sample_ratio,
    tango_interval,
    two_proportion_ztest,
)


def one_proportion(n: int) -> Iterator[Rate]:
    """Yield Wilson's and Clopper and Pearson's coverage, and the sample-ratio test's level."""
    for p in (0.5, 0.9, 0.97):
        rate = over_counts(n, p, partial(_wilson_holds, n, p))
        yield Rate("Wilson interval", f"accuracy {p:g}", n, 0.95, rate, None)
    rate = over_counts(n, 0.02, lambda x: clopper_pearson_upper(x, n) >= 0.02)
    yield Rate("Clopper-Pearson upper limit", "failure rate .02", n, 0.95, rate, None)
    rate = over_counts(n, 0.5, lambda x: sample_ratio(x, n - x).pvalue < 0.001)
    yield Rate("sample-ratio test", "split half and half", n, 0.001, rate, None)


def two_proportions(n: int) -> Iterator[Rate]:
    """Yield Newcombe's coverage and the z-test's level on independent samples."""
    for p_a, p_b in ((0.9, 0.9), (0.45, 0.9)):
        truth = f"independent, {p_a:g} and {p_b:g}"
        rate = over_two(n, p_a, p_b, partial(_newcombe_holds, n, p_b - p_a))
        yield Rate("Newcombe interval", truth, n, 0.95, rate, None)
        if p_a == p_b:
            rate = over_two(n, p_a, p_b, lambda a, b: two_proportion_ztest(a, n, b, n).pvalue < ALPHA)
            yield Rate("two-proportion z-test", truth, n, ALPHA, rate, None)


def paired(n: int) -> Iterator[Rate]:
    """Yield the paired intervals' coverage and the paired tests' level, over the discordant counts."""
    for name, cells in (("A = B", SAME), ("B +10", BETTER), ("A = B, errors opposite", OPPOSITE)):
        d = cells[1] - cells[2]
        rate = over_discordant(n, cells, partial(_tango_holds, n, d))
        yield Rate("Tango interval", name, n, 0.95, rate, None)
        if d == 0:
            rate = over_discordant(n, cells, lambda i, r: mcnemar_exact(i, r).pvalue < ALPHA)
            yield Rate("McNemar exact", name, n, ALPHA, rate, None)
            rate = over_discordant(n, cells, lambda i, r: mcnemar_midp(i, r).pvalue < ALPHA)
            yield Rate("McNemar mid-p", name, n, ALPHA, rate, None)
            rate = over_discordant(n, cells, lambda i, r: _better(i, r, n))
            yield Rate("better: mid-p and lower limit", name, n, ALPHA / 2, rate, None)
    rate = over_discordant(n, AT_MARGIN, lambda i, r: noninferiority(i, r, n, 0.03, ALPHA).passed)
    yield Rate("non-inferiority test, margin .03", "B -3", n, ALPHA, rate, None)


def _wilson_holds(n: int, p: float, x: int) -> bool:
    return holds(accuracy_interval(x, n), p)


def _newcombe_holds(n: int, difference: float, x_a: int, x_b: int) -> bool:
    return holds(newcombe_interval(x_a, n, x_b, n), difference)


def _tango_holds(n: int, difference: float, improved: int, regressed: int) -> bool:
    return holds(tango_interval(improved, regressed, n), difference)


def _better(improved: int, regressed: int, n: int) -> bool:
    return mcnemar_midp(improved, regressed).pvalue < ALPHA and tango_interval(improved, regressed, n).low > 0
