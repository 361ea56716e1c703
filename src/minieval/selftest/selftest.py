"""Recomputes published reference values and laws before every report. If any check fails, nothing is judged.

Counts are in the order n_both, n_improved, n_regressed, n_neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from minieval.errors import SelfTestFailed
from minieval.selftest.laws import laws
from minieval.stats import (
    SAMPLE_RATIO_ALPHA,
    Interval,
    accuracy_interval,
    always_valid_mcnemar,
    clopper_pearson_upper,
    holm,
    mann_whitney,
    mcnemar_exact,
    mcnemar_midp,
    newcombe_interval,
    newcombe_paired_interval,
    percentile,
    requests_for_upper_limit,
    sample_ratio,
    tango_interval,
    two_proportion_ztest,
)


@dataclass(frozen=True, slots=True)
class Check:
    """A number's name, the value computed here, the published value, and the tolerance."""

    name: str
    actual: float
    expected: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the two agree to the published precision."""
        return abs(self.actual - self.expected) <= self.tolerance


@dataclass(frozen=True, slots=True)
class SelfTest:
    """How many reference values and laws were checked; all of them held."""

    checks: int
    passed: bool


def run_selftest() -> SelfTest:
    """Recompute all reference values; raises SelfTestFailed naming those that differ."""
    checks = tuple(reference_checks())
    if failed := tuple(check.name for check in checks if not check.passed):
        raise SelfTestFailed(failed)
    return SelfTest(len(checks), passed=True)


def reference_checks() -> Iterator[Check]:
    """Yield every reference value with the value that this installation computes."""
    yield from _matched()
    yield from _independent()
    yield from _laws()


def _matched() -> Iterator[Check]:
    # (table, exact p, mid-p, Tango limits, Newcombe limits); the tolerance is half a unit of the last published digit.
    cavo = ((59, 6, 16, 80), 0.052479, 0.034690, (-0.1240, -0.0054), (-0.1186, -0.0046))
    one = ((189, 1, 0, 10), 1.0, 0.5, (-0.013940, 0.027774), (-0.015763, 0.027660))
    better = ((160, 12, 4, 24), 0.076813, 0.049042, (0.000901, 0.084914), (-0.000630, 0.082655))
    tables = (("Cavo 2012", cavo, 5e-5), ("n = 200, 1 : 0", one, 1e-6), ("n = 200, 12 : 4", better, 1e-6))
    for name, (counts, exact, midp, tango, newcombe), tolerance in tables:
        _, improved, regressed, _ = counts
        yield Check(f"{name}: exact McNemar", mcnemar_exact(improved, regressed).pvalue, exact, 1e-6)
        yield Check(f"{name}: mid-p", mcnemar_midp(improved, regressed).pvalue, midp, 1e-6)
        found = tango_interval(improved, regressed, sum(counts))
        yield from _limits(f"{name}: Tango", found, tango, tolerance)
        yield from _limits(f"{name}: Newcombe paired", newcombe_paired_interval(*counts), newcombe, tolerance)
    yield Check("n = 200, 2 : 9: exact McNemar", mcnemar_exact(2, 9).pvalue, 0.065430, 1e-6)
    yield Check("n = 200, 2 : 9: mid-p", mcnemar_midp(2, 9).pvalue, 0.038574, 1e-6)
    yield from _limits("n = 200, 2 : 9: Tango", tango_interval(2, 9, 200), (-0.074770, -0.003010), 1e-6)
    yield Check("Agresti: exact McNemar", mcnemar_exact(150, 86).pvalue, 3.71594e-05, 1e-9)
    yield Check("Agresti: mid-p", mcnemar_midp(150, 86).pvalue, 2.89339e-05, 1e-9)
    yield from _limits("Agresti: Tango", tango_interval(150, 86, 1600), (0.021362, 0.058998), 1e-6)
    yield Check("always valid 5 : 0", always_valid_mcnemar(5, 0).statistic, 5.333, 5e-4)
    yield Check("always valid 8 : 0, E", always_valid_mcnemar(8, 0).statistic, 28.44, 5e-3)
    yield Check("always valid 8 : 0, p", always_valid_mcnemar(8, 0).pvalue, 0.0352, 5e-5)
    yield Check("always valid 20 : 6", always_valid_mcnemar(20, 6).statistic, 10.80, 5e-3)


def _independent() -> Iterator[Check]:
    for x, n, expected in ((81, 263, (0.2553, 0.3662)), (0, 20, (0.0, 0.1611)), (1, 29, (0.0061, 0.1718))):
        yield from _limits(f"Wilson {x}/{n}", accuracy_interval(x, n), expected, 5e-5)
    yield from _limits("Newcombe 56/70 - 48/80", newcombe_interval(48, 80, 56, 70), (0.0524, 0.3339), 5e-5)
    yield from _limits("Newcombe 9/10 - 3/10", newcombe_interval(3, 10, 9, 10), (0.1705, 0.8090), 5e-5)
    yield from _limits("Newcombe 10/10 - 0/20", newcombe_interval(0, 20, 10, 10), (0.6791, 1.0), 5e-5)
    for name, counts, z, p in (
        ("5/83 - 12/99", (12, 99, 5, 83), -1.4078304, 0.1591813),
        ("Cavo 2012", (75, 161, 65, 161), -1.124160, 0.260945),
        ("Agresti", (880, 1600, 944, 1600), 2.285248, 0.022298),
    ):
        found = two_proportion_ztest(*counts)
        yield Check(f"two proportions {name}: z", found.statistic, z, 1e-6)
        yield Check(f"two proportions {name}: p", found.pvalue, p, 1e-6)
    ranks = mann_whitney([19, 22, 16, 29, 24], [20, 11, 17, 12])
    yield Check("Mann-Whitney: U", ranks.statistic, 17, 0)
    yield Check("Mann-Whitney: p", ranks.pvalue, 0.1111111, 1e-7)
    yield Check("sample ratio 600/400: exact", sample_ratio(600, 400).pvalue, 2.72846e-10, 1e-14)
    chisquare = sample_ratio(600, 400).pvalue_chisquare
    yield Check("sample ratio 600/400: chi-squared", chisquare, 2.53963e-10, 1e-14)
    for n_a, fires in ((76, True), (77, False), (123, False), (124, True)):
        # The published edge: at n = 200 the test fires at 76 and at 124, and not at 77 (statistics.md, section 8).
        mismatch = sample_ratio(n_a, 200 - n_a).pvalue < SAMPLE_RATIO_ALPHA
        yield Check(f"sample ratio {n_a} of 200 fires", mismatch, fires, 0)
    adjusted = zip(holm((0.01, 0.04, 0.03, 0.005)), (0.03, 0.06, 0.06, 0.02), strict=True)
    for i, (actual, expected_p) in enumerate(adjusted, start=1):
        yield Check(f"Holm {i}", actual, expected_p, 1e-12)


def _laws() -> Iterator[Check]:
    for law in laws():
        yield Check(f"{law.name}: broken in so many of {law.tried} cases", law.broken, 0, 0)
    yield Check("Tango without a discordant pair", tango_interval(0, 0, 200).high, 0.018845, 1e-6)
    yield Check("Clopper-Pearson 0 of 200", clopper_pearson_upper(0, 200), 0.0149, 5e-5)
    yield Check("Clopper-Pearson 1 of 200", clopper_pearson_upper(1, 200), 0.0235, 5e-5)
    hundred = [float(i) for i in range(1, 101)]
    for q, low, high in ((0.5, 40, 61), (0.95, 90, 100), (0.99, 97, 0)):
        found = percentile(hundred, q)
        yield Check(f"rank below p{100 * q:g} of 100", found.low.rank or 0, low, 0)
        yield Check(f"rank above p{100 * q:g} of 100", found.high.rank or 0, high, 0)
    yield Check("requests for an upper limit of p99", requests_for_upper_limit(0.99), 368, 0)


def _limits(name: str, found: Interval, expected: tuple[float, float], tolerance: float) -> Iterator[Check]:
    yield Check(f"{name}, low", found.low, expected[0], tolerance)
    yield Check(f"{name}, high", found.high, expected[1], tolerance)
