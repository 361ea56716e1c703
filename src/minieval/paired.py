"""Pairs: both arms' answers to one request, graded, and collapsed to one row per item.

Identical repeats of an item are one observation however often they were sent; n is the number of items.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from minieval.evalset import EvalItem
from minieval.grader import Grader, Mark
from minieval.observation import MISSING, OK, Answer


class Fill(Enum):
    """What a missing answer counts as: left out, or to B's disadvantage, or to B's advantage."""

    LEAVE_OUT = "leave out"
    WORST = "worst case"
    BEST = "best case"


@dataclass(frozen=True, slots=True)
class ShadowPair:
    """A's and B's answers to the same request."""

    record_id: str
    request_id: str
    trace_id: str
    sentence: str
    a: Answer
    b: Answer


@dataclass(frozen=True, slots=True)
class GradedPair:
    """A pair with its grades; a grade is None where that arm's answer is missing, not where it failed."""

    pair: ShadowPair
    item: EvalItem
    a: Mark | None
    b: Mark | None

    @property
    def complete(self) -> bool:
        """Whether both arms had their chance."""
        return self.a is not None and self.b is not None

    @property
    def answered(self) -> bool:
        """Whether both arms gave an answer."""
        return self.pair.a.status == OK and self.pair.b.status == OK


@dataclass(frozen=True, slots=True)
class Pairing:
    """The graded pairs, and those whose sentence no item of the eval set has."""

    graded: tuple[GradedPair, ...]
    ungradable: tuple[ShadowPair, ...]


@dataclass(frozen=True, slots=True)
class PairedItem:
    """One item: each arm's share of right answers over the item's requests, 0 or 1 unless answers vary."""

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
    """The paired two-by-two table. An item whose answers vary counts by the sign of its mean difference."""

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
        """Items that A has right."""
        return self.n_both + self.n_regressed

    @property
    def right_b(self) -> int:
        """Items that B has right."""
        return self.n_both + self.n_improved

    @property
    def discordance(self) -> float:
        """Share of items on which exactly one arm is right."""
        return (self.n_improved + self.n_regressed) / self.n


def grade_pairs(pairs: Iterable[ShadowPair], items: Mapping[str, EvalItem], grader: Grader) -> Pairing:
    """Grade pairs against the items by trimmed sentence; a failed answer is graded wrong, as no answer."""
    graded: list[GradedPair] = []
    ungradable: list[ShadowPair] = []
    for pair in pairs:
        item = items.get(pair.sentence.strip())
        if item is None:
            ungradable.append(pair)
        else:
            graded.append(GradedPair(pair, item, _mark(grader, item, pair.a), _mark(grader, item, pair.b)))
    return Pairing(tuple(graded), tuple(ungradable))


def collapse(graded: Iterable[GradedPair], fill: Fill = Fill.LEAVE_OUT) -> tuple[PairedItem, ...]:
    """Return one row per item, sorted by item id; an item without a usable pair is left out."""
    by_item: dict[str, list[tuple[EvalItem, bool, bool]]] = {}
    for pair in graded:
        right = _right(pair, fill)
        if right is not None:
            by_item.setdefault(pair.item.id, []).append((pair.item, *right))
    rows: list[PairedItem] = []
    for _, results in sorted(by_item.items()):
        n = len(results)
        a, b = sum(result[1] for result in results) / n, sum(result[2] for result in results) / n
        rows.append(PairedItem(results[0][0], a, b, n))
    return tuple(rows)


def count(rows: Sequence[PairedItem]) -> PairCounts:
    """Return the paired two-by-two table of the items."""
    level = [row for row in rows if row.difference == 0]
    n_both = sum(row.a >= 0.5 for row in level)
    return PairCounts(
        n_both=n_both,
        n_improved=sum(row.difference > 0 for row in rows),
        n_regressed=sum(row.difference < 0 for row in rows),
        n_neither=len(level) - n_both,
    )


def _mark(grader: Grader, item: EvalItem, answer: Answer) -> Mark | None:
    if answer.status in MISSING:
        return None
    return grader.mark(item, answer.text if answer.status == OK else None)


def _right(pair: GradedPair, fill: Fill) -> tuple[bool, bool] | None:
    if pair.a is not None and pair.b is not None:
        return pair.a.correct, pair.b.correct
    if fill is Fill.LEAVE_OUT:
        return None
    b_wins = fill is Fill.BEST
    a = pair.a.correct if pair.a is not None else not b_wins
    b = pair.b.correct if pair.b is not None else b_wins
    return a, b
