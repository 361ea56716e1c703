"""Where the arms disagree, how each of them errs, and which pairs to read first."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from minieval.grader import Mark
from minieval.grading import Correction, normalise
from minieval.paired import GradedPair


class Kind(StrEnum):
    """The kinds of disagreement, in the order in which they are worth reading."""

    REGRESSED = "regressed"
    IMPROVED = "improved"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Corrections:
    """What one arm did to its sentences.

    Precision is fixed over all changes that were needed or harmful (fixed, mis-fixed, over-corrected), recall
    fixed over sentences with a mistake, over_correction_rate over sentences that were right. None: no case.
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
class Case:
    """One disagreement, with what is needed to look it up. Texts are as logged: escape them."""

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

    @property
    def over_corrected(self) -> bool:
        """Whether the sentence was right and an arm changed it."""
        return Correction.OVER_CORRECTED in {self.correction_a, self.correction_b}


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Of all complete pairs, those whose normalised answers differ: improved + regressed + neutral.

    a and b say what the arms did to their sentences, None under a grader that knows no corrections.
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


def disagreement(graded: Iterable[GradedPair]) -> Disagreement:
    """Return the disagreements of the complete pairs, regressions first, then as logged."""
    complete = [(pair, pair.a, pair.b) for pair in graded if pair.a is not None and pair.b is not None]
    differing = [(pair, a, b) for pair, a, b in complete if _key(pair.pair.a.text) != _key(pair.pair.b.text)]
    kinds = Counter(_kind(a, b) for _, a, b in differing)
    neutral = [a.correct for _, a, b in differing if a.correct == b.correct]
    discordant = sum(a.correct != b.correct for _, a, b in complete)
    # Equal answers to one sentence get equal grades, so every discordant pair is a disagreement.
    assert kinds[Kind.IMPROVED] + kinds[Kind.REGRESSED] == discordant  # noqa: S101
    cases = [_case(pair, a, b) for pair, a, b in differing]
    order = list(Kind)
    moves = Counter((a.outcome, b.outcome) for _, a, b in complete)
    return Disagreement(
        pairs=len(complete),
        differing=len(differing),
        improved=kinds[Kind.IMPROVED],
        regressed=kinds[Kind.REGRESSED],
        neutral=len(neutral),
        neutral_both_right=sum(neutral),
        neutral_both_wrong=len(neutral) - sum(neutral),
        a=corrections([a for _, a, _ in complete]),
        b=corrections([b for _, _, b in complete]),
        transitions=tuple(Transition(a, b, n) for (a, b), n in sorted(moves.items())),
        cases=tuple(sorted(cases, key=lambda case: order.index(case.kind))),
    )


def corrections(marks: Sequence[Mark]) -> Corrections | None:
    """Return one arm's correction counts and rates, None under a grader that knows no corrections."""
    by = Counter(mark.correction for mark in marks)
    if None in by:
        return None
    fixed, misfixed, over = (
        by[Correction.FIXED],
        by[Correction.MISFIXED],
        by[Correction.OVER_CORRECTED],
    )
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
    return 0.0 if precision + recall == 0 else 1.25 * precision * recall / (0.25 * precision + recall)


def _share(x: int, n: int) -> float | None:
    return x / n if n else None


def _key(text: str | None) -> str:
    return "" if text is None else normalise(text)


def _kind(a: Mark, b: Mark) -> Kind:
    if a.correct == b.correct:
        return Kind.NEUTRAL
    return Kind.IMPROVED if b.correct else Kind.REGRESSED


def _case(pair: GradedPair, a: Mark, b: Mark) -> Case:
    return Case(
        kind=_kind(a, b),
        request_id=pair.pair.request_id,
        trace_id=pair.pair.trace_id,
        item_id=pair.item.id,
        slices=pair.item.slices,
        sentence=pair.item.sentence,
        expected=pair.item.expected,
        answer_a=pair.pair.a.text,
        answer_b=pair.pair.b.text,
        outcome_a=a.outcome,
        outcome_b=b.outcome,
        correction_a=a.correction,
        correction_b=b.correction,
    )
