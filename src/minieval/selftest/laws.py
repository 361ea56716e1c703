"""Laws that every comparison of two arms obeys. They are checked before each report, with the published values."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from minieval.stats import (
    Interval,
    hodges_lehmann_ratio,
    mann_whitney,
    mcnemar_exact,
    mcnemar_midp,
    newcombe_interval,
    newcombe_paired_interval,
    tango_interval,
)

# n_both, n_improved, n_regressed, n_neither, in every combination of an empty, a small and a dominant cell.
_TABLES: Final = tuple(table for table in itertools.product((0, 3, 17), repeat=4) if sum(table))
_Z95: Final = 1.959963984540054
_B: Final = (1.0, 2.0, 2.0, 5.0, 7.5)
_A: Final = (2.0, 3.0, 5.0, 0.5)


@dataclass(frozen=True, slots=True)
class Law:
    """A law, how many cases were tried, and in how many it is broken."""

    name: str
    tried: int
    broken: int


def laws() -> Iterator[Law]:
    """Check every law; a correct installation breaks none."""
    intervals = [_intervals(*table) for table in _TABLES]
    swapped = [_intervals(both, regressed, improved, neither) for both, improved, regressed, neither in _TABLES]
    yield _law(
        "swapping the arms mirrors every interval",
        [all(map(_mirrored, forth, back)) for forth, back in zip(intervals, swapped, strict=True)],
    )
    yield _law(
        "every interval lies in [-1, 1] and holds its estimate",
        [all(-1 <= i.low <= i.estimate <= i.high <= 1 for i in found) for found in intervals],
    )
    yield _law("Tango excludes 0 exactly where McNemar's score exceeds its quantile", map(_consistent, _TABLES))
    discordants = sorted({(improved, regressed) for _, improved, regressed, _ in _TABLES})
    yield _law(
        "swapping the arms changes no paired p-value",
        [test(i, r) == test(r, i) for test in (mcnemar_exact, mcnemar_midp) for i, r in discordants],
    )
    yield _law("the ranks of both arms add up to the pairs, and the ratio knows no unit", _of_ranks())


def _law(name: str, held: Iterator[bool] | list[bool]) -> Law:
    outcomes = list(held)
    return Law(name, len(outcomes), outcomes.count(False))


def _intervals(both: int, improved: int, regressed: int, neither: int) -> tuple[Interval, ...]:
    n = both + improved + regressed + neither
    return (
        tango_interval(improved, regressed, n),
        newcombe_paired_interval(both, improved, regressed, neither),
        newcombe_interval(both + regressed, n, both + improved, n),
    )


def _mirrored(forth: Interval, back: Interval) -> bool:
    sums = (forth.estimate + back.estimate, forth.low + back.high, forth.high + back.low)
    return all(abs(x) < 1e-9 for x in sums)


def _consistent(table: tuple[int, ...]) -> bool:
    # Z(0) is McNemar's score (improved - regressed) / sqrt(improved + regressed), so test and interval must agree.
    _, improved, regressed, _ = table
    found = tango_interval(improved, regressed, sum(table))
    discordant = improved + regressed
    exceeds = discordant > 0 and (improved - regressed) ** 2 / discordant > _Z95**2
    return (found.low > 0 or found.high < 0) == exceeds


def _of_ranks() -> Iterator[bool]:
    forth, back = mann_whitney(_B, _A), mann_whitney(_A, _B)
    yield forth.statistic + back.statistic == len(_A) * len(_B)
    plain, inverse = hodges_lehmann_ratio(_B, _A).estimate, hodges_lehmann_ratio(_A, _B).estimate
    scaled = hodges_lehmann_ratio([1e3 * x for x in _B], [1e3 * x for x in _A]).estimate
    yield plain is not None and inverse is not None and abs(plain * inverse - 1) < 1e-12
    yield plain is not None and scaled is not None and abs(scaled / plain - 1) < 1e-12
