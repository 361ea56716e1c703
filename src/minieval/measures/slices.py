"""The same comparison per slice (tense, person, verb), corrected for testing many slices."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from minieval.measures.item_results import ItemResult, count
from minieval.stats import (
    Interval,
    accuracy_interval,
    benjamini_hochberg,
    holm,
    mcnemar_midp,
    smallest_midp,
    tango_interval,
    tarone,
)

# Slices with fewer items are described, not tested: an interval from a handful of items says nothing.
FEWEST_FOR_TEST: Final = 20
# Three regressions without an improvement are worth reading, even if no test can tell.
FEWEST_TO_READ: Final = 3


class Flag(StrEnum):
    """What can be concluded from a bucket."""

    DESCRIPTIVE = "descriptive"
    UNTESTABLE = "cannot be significant at this n"
    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    NO_EVIDENCE = "no significant difference"


@dataclass(frozen=True, slots=True)
class Bucket:
    """One slice. Below 20 items it has counts and accuracies only; adjusted p-values only if it is tested.

    to_read marks three or more regressions without an improvement, whatever the test says.
    """

    value: str
    n: int
    n_correct_a: int
    n_correct_b: int
    accuracy_a: Interval
    accuracy_b: Interval
    n_improved: int
    n_regressed: int
    difference: Interval | None
    pvalue: float | None
    pvalue_holm: float | None
    pvalue_bh: float | None
    flag: Flag
    to_read: bool


@dataclass(frozen=True, slots=True)
class BucketFamily:
    """All slices of one kind, corrected together; tested is the number of hypotheses in the family.

    simpson warns that the sign of the pooled difference contradicts most of the slices in which the arms differ.
    """

    name: str
    rows: tuple[Bucket, ...]
    tested: int
    simpson: bool

    @property
    def regressions(self) -> tuple[Bucket, ...]:
        """Slices that are significantly worse after correction; each one blocks promotion."""
        return tuple(row for row in self.rows if row.flag is Flag.REGRESSION)


def bucket_families(rows: Sequence[ItemResult], alpha: float) -> tuple[BucketFamily, ...]:
    """Return the families that the items are sliced by; p-values are adjusted within each (Holm 1979)."""
    # Every item has the same families (evalset.py refuses others), so the first one names them all.
    names = rows[0].item.slices if rows else ()
    return tuple(_family(name, rows, alpha) for name in names)


def _family(name: str, rows: Sequence[ItemResult], alpha: float) -> BucketFamily:
    groups: dict[str, list[ItemResult]] = {}
    for row in rows:
        groups.setdefault(row.item.slices[name], []).append(row)
    values = sorted(groups)
    large = [value for value in values if len(groups[value]) >= FEWEST_FOR_TEST]
    # Tarone (1990): a slice that cannot become significant must not make the correction stricter for the others.
    smallest = [smallest_midp(_discordant(groups[value])) for value in large]
    tested = [value for value, can in zip(large, tarone(smallest, alpha), strict=True) if can]
    pvalues = [_midp(groups[value]) for value in tested]
    adjusted = dict(zip(tested, zip(holm(pvalues), benjamini_hochberg(pvalues), strict=True), strict=True))
    buckets = tuple(_bucket(value, groups[value], adjusted.get(value), alpha) for value in values)
    return BucketFamily(name, buckets, len(tested), _simpson(buckets))


def _bucket(value: str, rows: Sequence[ItemResult], adjusted: tuple[float, float] | None, alpha: float) -> Bucket:
    counts = count(rows)
    n, improved, regressed = counts.n, counts.n_improved, counts.n_regressed
    described = n < FEWEST_FOR_TEST
    if described:
        flag = Flag.DESCRIPTIVE
    elif adjusted is None:
        flag = Flag.UNTESTABLE
    elif adjusted[0] >= alpha:
        flag = Flag.NO_EVIDENCE
    else:
        flag = Flag.IMPROVEMENT if improved > regressed else Flag.REGRESSION
    return Bucket(
        value=value,
        n=n,
        n_correct_a=counts.right_a,
        n_correct_b=counts.right_b,
        accuracy_a=accuracy_interval(counts.right_a, n, 1 - alpha),
        accuracy_b=accuracy_interval(counts.right_b, n, 1 - alpha),
        n_improved=improved,
        n_regressed=regressed,
        difference=None if described else tango_interval(improved, regressed, n, 1 - alpha),
        pvalue=None if described else mcnemar_midp(improved, regressed).pvalue,
        pvalue_holm=None if adjusted is None else adjusted[0],
        pvalue_bh=None if adjusted is None else adjusted[1],
        flag=flag,
        to_read=improved == 0 and regressed >= FEWEST_TO_READ,
    )


def _discordant(rows: Sequence[ItemResult]) -> int:
    counts = count(rows)
    return counts.n_improved + counts.n_regressed


def _midp(rows: Sequence[ItemResult]) -> float:
    counts = count(rows)
    return mcnemar_midp(counts.n_improved, counts.n_regressed).pvalue


def _simpson(buckets: Sequence[Bucket]) -> bool:
    net = [bucket.n_improved - bucket.n_regressed for bucket in buckets]
    pooled = sum(net)
    # Only signs are compared: a slice of two items counts as much as one of fifty. This is a warning, not a test.
    against, along = sum(x * pooled < 0 for x in net), sum(x * pooled > 0 for x in net)
    return against > along
