"""The disagreement section of report.md: counts, transitions between outcomes, and the pairs to read."""

from collections.abc import Iterator
from typing import Final

from minieval.grading.grader import CORRECT
from minieval.measures.disagreement import Corrections, Disagreement
from minieval.measures.observed.cases import Case, Kind
from minieval.report.markdown.markdown import code, highlighted, table, text

SHOWN: Final = {Kind.REGRESSED: 20, Kind.IMPROVED: 8, Kind.NEUTRAL: 5}
_TITLES: Final = {
    Kind.REGRESSED: "Regressed: A was right, B is wrong",
    Kind.IMPROVED: "Improved: A was wrong, B is right",
    Kind.NEUTRAL: "Neutral: different answers, the same grade",
}


def disagreement_section(found: Disagreement) -> Iterator[str]:
    """Yield the counts, what each arm did, the transitions and examples with trace ids, regressions first."""
    yield "## Disagreements"
    yield (
        f"A and B disagreed on **{found.differing} of {found.pairs}** requests. Of those, B improved "
        f"**{found.improved}**, regressed **{found.regressed}**, neutral **{found.neutral}** "
        f"({found.neutral_both_right} both right, {found.neutral_both_wrong} both wrong)."
    )
    if found.a is not None and found.b is not None:
        yield table(
            ("arm", "fixed", "missed", "mis-fixed", "preserved", "over-corrected", "no answer"),
            [_arm("A", found.a), _arm("B", found.b)],
            7,
        )
    yield "Outcomes of A (rows) against outcomes of B (columns), all pairs:"
    yield _transitions(found)
    for kind in Kind:
        yield from _cases(kind, [case for case in found.cases if case.kind is kind])


def _arm(name: str, c: Corrections) -> tuple[str, ...]:
    counts = (c.fixed, c.missed, c.misfixed, c.preserved, c.over_corrected, c.failed)
    return (name, *(str(count) for count in counts))


def _transitions(found: Disagreement) -> str:
    pairs = {(move.a, move.b): move.pairs for move in found.transitions}
    # Correct first, then by name: the top left cell is what both got right.
    rows, columns = (sorted({move[i] for move in pairs}, key=lambda name: (name != CORRECT, name)) for i in (0, 1))
    # With a user's grader an outcome is arbitrary text, which could break a table.
    cells = [(text(row), *(str(pairs.get((row, column), "\N{MIDDLE DOT}")) for column in columns)) for row in rows]
    return table(("A \\ B", *(text(column) for column in columns)), cells, 1 + len(columns))


def _cases(kind: Kind, cases: list[Case]) -> Iterator[str]:
    yield f"### {_TITLES[kind]} ({len(cases)})"
    if not cases:
        yield "None."
        return
    yield "\n".join(_case(case) for case in cases[: SHOWN[kind]])
    if len(cases) > SHOWN[kind]:
        yield f"{len(cases) - SHOWN[kind]} more in report.html."


def _case(case: Case) -> str:
    # Each text follows a label, because at the start of a line it could begin a list, a heading or a quote.
    lines = [
        f"- {_where(case)}; trace {code(case.trace_id)}",
        f"  - in: {text(case.sentence)}",
        f"  - A: {_answer(case.answer_a, case.answer_b, case.outcome_a)}",
        f"  - B: {_answer(case.answer_b, case.answer_a, case.outcome_b)}",
    ]
    if case.expected is not None and CORRECT not in {case.outcome_a, case.outcome_b}:
        lines.append(f"  - expected: {text(case.expected)}")
    return "\n".join(lines)


def _where(case: Case) -> str:
    return ", ".join(text(value) for value in case.slices.values()) or f"item {text(case.item_id)}"


def _answer(answer: str | None, other: str | None, outcome: str) -> str:
    shown = "no answer" if answer is None else text(answer) if other is None else highlighted(answer, other)
    return f"{shown} ✓" if outcome == CORRECT else f"{shown} ✗ {text(outcome)}"
