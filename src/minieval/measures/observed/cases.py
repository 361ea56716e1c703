"""The disagreements that a report lists one by one, the most important first."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from minieval.grading.evalset import EvalItem
from minieval.grading.graded_pairs import GradedLog
from minieval.grading.grader import Mark
from minieval.grading.grammar import Correction

MOST_LISTED: Final = 2000
"""How many cases a report lists, regressions first, then in log order. All cases are counted."""


class Kind(StrEnum):
    """The kinds of disagreement, the most important first."""

    REGRESSED = "regressed"
    IMPROVED = "improved"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Case:
    """One disagreement, with the ids to look it up. Texts are as logged, so escape them before showing them.

    request_id and trace_id belong to the first request that got these two answers.
    """

    kind: Kind
    request_id: str
    trace_id: str
    item_id: str
    slices: Mapping[str, str]
    sentence: str
    expected: str | None
    answer_a: str | None
    answer_b: str | None
    outcome_a: str
    outcome_b: str
    correction_a: Correction | None
    correction_b: Correction | None
    requests: int

    @property
    def over_corrected(self) -> bool:
        """Whether the sentence was right and at least one arm changed it."""
        return Correction.OVER_CORRECTED in {self.correction_a, self.correction_b}


def list_cases(graded: GradedLog) -> tuple[Case, ...]:
    """Return the first disagreements in the order of Kind, and within a kind in log order."""
    # The order of Kind in SQL; everything else is neutral and comes last.
    kinds = {Kind.REGRESSED: "right_a AND NOT right_b", Kind.IMPROVED: "right_b AND NOT right_a"}
    order = " ".join(f"WHEN {holds} THEN {place}" for place, holds in enumerate(kinds.values()))
    # LIMIT before the join, so that only listed cases look up their ids.
    found = graded.log.all(
        f"""SELECT r.request, r.trace, c.item, c.response_a, c.response_b, c.a, c.b, c.requests FROM (
            SELECT *, CASE {order} ELSE {len(kinds)} END AS place
            FROM {graded.pairs} WHERE differing ORDER BY place, first LIMIT {MOST_LISTED}
        ) AS c JOIN records AS r ON r.rowid = c.first ORDER BY c.place, c.first"""
    )
    items, marks = graded.items, graded.marks
    return tuple(
        case(request, trace.hex, items[item], (answer_a, answer_b), (marks[a], marks[b]), requests)
        for request, trace, item, answer_a, answer_b, a, b, requests in found
    )


def case(
    request_id: str,
    trace_id: str,
    item: EvalItem,
    answers: tuple[str | None, str | None],
    marks: tuple[Mark, Mark],
    requests: int,
) -> Case:
    """Return a disagreement; answers and marks are those of (A, B)."""
    a, b = marks
    return Case(
        kind=kind_of(a, b),
        request_id=request_id,
        trace_id=trace_id,
        item_id=item.id,
        slices=item.slices,
        sentence=item.sentence,
        expected=item.expected,
        answer_a=answers[0],
        answer_b=answers[1],
        outcome_a=a.outcome,
        outcome_b=b.outcome,
        correction_a=a.correction,
        correction_b=b.correction,
        requests=requests,
    )


def kind_of(a: Mark, b: Mark) -> Kind:
    """Return the kind of a pair whose answers differ."""
    if a.correct == b.correct:
        return Kind.NEUTRAL
    return Kind.IMPROVED if b.correct else Kind.REGRESSED
