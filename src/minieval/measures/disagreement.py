"""How often the arms disagree, and what kinds of errors each of them makes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from minieval.grading.grader import Mark
from minieval.grading.grammar import Correction
from minieval.measures.item_results import Tally
from minieval.measures.observed.cases import Case, Kind, kind_of


@dataclass(frozen=True, slots=True)
class Corrections:
    """What one arm did to its sentences.

    Precision is fixed / (fixed + mis-fixed + over-corrected). Recall is fixed / (fixed + missed + mis-fixed).
    over_correction_rate is over-corrected / (over-corrected + preserved). A rate is None if its denominator is 0.
    """

    fixed: int
    missed: int
    misfixed: int
    preserved: int
    over_corrected: int
    failed: int
    precision: float | None
    recall: float | None
    f05: float | None
    over_correction_rate: float | None


@dataclass(frozen=True, slots=True)
class Transition:
    """How many pairs went from A's outcome to B's; an outcome is "correct" or a type of error."""

    a: str
    b: str
    pairs: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The complete pairs whose answers differ according to the grader: improved + regressed + neutral.

    a and b say what the arms did to their sentences; None if the grader does not report corrections.
    """

    pairs: int
    differing: int
    improved: int
    regressed: int
    neutral: int
    neutral_both_right: int
    neutral_both_wrong: int
    a: Corrections | None
    b: Corrections | None
    transitions: tuple[Transition, ...]
    cases: tuple[Case, ...]


def disagreement(tallies: Iterable[Tally], cases: Sequence[Case]) -> Disagreement:
    """Return the disagreements of the complete pairs, with the cases to list."""
    # A tally stands for several requests, so every counter adds tally.requests.
    complete = [(tally, tally.a, tally.b) for tally in tallies if tally.a is not None and tally.b is not None]
    kinds: Counter[Kind] = Counter()
    moves: Counter[tuple[str, str]] = Counter()
    marks: tuple[Counter[Mark], Counter[Mark]] = (Counter(), Counter())
    both_right = 0
    for tally, a, b in complete:
        moves[a.outcome, b.outcome] += tally.requests
        for counted, mark in zip(marks, (a, b), strict=True):
            counted[mark] += tally.requests
        if tally.differing:
            kinds[kind_of(a, b)] += tally.requests
            both_right += tally.requests if a.correct and b.correct else 0
    return Disagreement(
        pairs=sum(tally.requests for tally, _, _ in complete),
        differing=kinds.total(),
        improved=kinds[Kind.IMPROVED],
        regressed=kinds[Kind.REGRESSED],
        neutral=kinds[Kind.NEUTRAL],
        neutral_both_right=both_right,
        neutral_both_wrong=kinds[Kind.NEUTRAL] - both_right,
        a=corrections(marks[0]),
        b=corrections(marks[1]),
        transitions=tuple(Transition(a, b, n) for (a, b), n in sorted(moves.items())),
        cases=tuple(cases),
    )


def corrections(marks: Mapping[Mark, int]) -> Corrections | None:
    """Return one arm's correction counts and rates, or None if the grader does not report corrections."""
    by: Counter[Correction] = Counter()
    for mark, n in marks.items():
        if mark.correction is None:
            return None
        by[mark.correction] += n
    fixed, misfixed, over = (
        by[Correction.FIXED],
        by[Correction.MISFIXED],
        by[Correction.OVER_CORRECTED],
    )
    # Failed answers are in no rate: the arm changed nothing, and the failure gate counts them already.
    precision = _share(fixed, fixed + misfixed + over)
    recall = _share(fixed, fixed + by[Correction.MISSED] + misfixed)
    return Corrections(
        fixed=fixed,
        missed=by[Correction.MISSED],
        misfixed=misfixed,
        preserved=by[Correction.PRESERVED],
        over_corrected=over,
        failed=by[Correction.FAILED],
        precision=precision,
        recall=recall,
        f05=_f05(precision, recall),
        over_correction_rate=_share(over, over + by[Correction.PRESERVED]),
    )


def _f05(precision: float | None, recall: float | None) -> float | None:
    if precision is None or recall is None:
        return None
    # F0.5 weights precision over recall, as is usual for grammar correction: a wrong correction does more harm than a
    # missed one (CoNLL-2014). 1.25 is 1 + 0.5^2 and 0.25 is 0.5^2.
    return 0.0 if precision + recall == 0 else 1.25 * precision * recall / (0.25 * precision + recall)


def _share(x: int, n: int) -> float | None:
    return x / n if n else None
