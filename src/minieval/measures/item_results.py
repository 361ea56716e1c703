"""Each arm's result on every item, from the graded pairs, and the paired two-by-two table of those results.

The item is the unit of analysis: its repeats are a single observation, however often they were sent, and n counts
items.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from minieval.grading.evalset import EvalItem
from minieval.grading.grader import Mark


class Fill(Enum):
    """How a missing answer counts: left out, to B's disadvantage, or to B's advantage."""

    LEAVE_OUT = "leave out"
    WORST = "worst case"
    BEST = "best case"


@dataclass(frozen=True, slots=True)
class Tally:
    """Requests for one item whose answers got the same grades, counted together.

    A mark is None if that arm's answer is missing; a failed answer has a mark. answered: both arms gave an answer.
    differing: both arms had their chance, and the grader considers their answers different.
    """

    item: EvalItem
    a: Mark | None
    b: Mark | None
    answered: bool
    differing: bool
    requests: int

    @property
    def complete(self) -> bool:
        """Whether both arms had their chance."""
        return self.a is not None and self.b is not None


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One item: each arm's share of right answers over the item's requests; 0 or 1 unless answers vary."""

    item: EvalItem
    a: float
    b: float
    requests: int

    @property
    def difference(self) -> float:
        """B minus A."""
        return self.b - self.a


@dataclass(frozen=True, slots=True)
class PairCounts:
    """The paired two-by-two table. An item with varying answers counts by the sign of its mean difference."""

    n_both: int
    n_improved: int
    n_regressed: int
    n_neither: int

    @property
    def n(self) -> int:
        """Number of items."""
        return self.n_both + self.n_improved + self.n_regressed + self.n_neither

    @property
    def right_a(self) -> int:
        """Items that A answered correctly."""
        return self.n_both + self.n_regressed

    @property
    def right_b(self) -> int:
        """Items that B answered correctly."""
        return self.n_both + self.n_improved

    @property
    def discordance(self) -> float:
        """Share of items on which exactly one arm is right."""
        return (self.n_improved + self.n_regressed) / self.n


def results_per_item(tallies: Iterable[Tally], fill: Fill = Fill.LEAVE_OUT) -> tuple[ItemResult, ...]:
    """Return one row per item, sorted by item id; an item without a usable pair is left out."""
    by_item: dict[str, list[tuple[Tally, bool, bool]]] = {}
    for tally in tallies:
        right = _right(tally, fill)
        if right is not None:
            by_item.setdefault(tally.item.id, []).append((tally, *right))
    # Sorted by item id, so that sums of floats do not depend on the order of the log.
    rows: list[ItemResult] = []
    for _, results in sorted(by_item.items()):
        n = sum(tally.requests for tally, _, _ in results)
        a = sum(tally.requests for tally, right_a, _ in results if right_a) / n
        b = sum(tally.requests for tally, _, right_b in results if right_b) / n
        rows.append(ItemResult(results[0][0].item, a, b, n))
    return tuple(rows)


def count(rows: Sequence[ItemResult]) -> PairCounts:
    """Return the paired two-by-two table of the items."""
    # With repeats, an item counts by the sign of its mean difference. If the arms are level, it counts as right for
    # both from one half upwards.
    level = [row for row in rows if row.difference == 0]
    n_both = sum(row.a >= 0.5 for row in level)
    return PairCounts(
        n_both=n_both,
        n_improved=sum(row.difference > 0 for row in rows),
        n_regressed=sum(row.difference < 0 for row in rows),
        n_neither=len(level) - n_both,
    )


def _right(pair: Tally, fill: Fill) -> tuple[bool, bool] | None:
    if pair.a is not None and pair.b is not None:
        return pair.a.correct, pair.b.correct
    if fill is Fill.LEAVE_OUT:
        return None
    # The arm that answered keeps its grade; only the missing answer is filled in. If A's answer is missing, the worst
    # case for B is that A was right.
    b_wins = fill is Fill.BEST
    a = pair.a.correct if pair.a is not None else not b_wins
    b = pair.b.correct if pair.b is not None else b_wins
    return a, b
