"""Grades pairs, which are A's and B's answers to the same request; each distinct answer to an item is graded once.

A log of ten million requests has few distinct pairs of answers, so equal pairs are counted first and then graded.
"""

from dataclasses import dataclass

import duckdb

from minieval.errors import GraderFailed
from minieval.grading.evalset import EvalItem
from minieval.grading.grader import Grader, Mark
from minieval.grading.lookup import MatchedLog
from minieval.record.log.table import MISSING_SQL, LogTable
from minieval.record.statuses import OK


@dataclass(frozen=True, slots=True)
class GradedLog:
    """A log whose pairs are graded. Only grade_pairs creates one.

    pairs names the table with one row per distinct pair of answers: item (an index into items), a and b (indices into
    marks, NULL if that arm's answer is missing), right_a, right_b, answered, differing, response_a, response_b,
    requests (how many), first (the rowid of the first). ungradable counts the requests without an item.
    """

    log: LogTable
    items: tuple[EvalItem, ...]
    marks: tuple[Mark, ...]
    pairs: str
    ungradable: int


class _GradeAnswer:
    """The grading function that the database calls; it stores a mark as a number."""

    def __init__(self, items: tuple[EvalItem, ...], grader: Grader) -> None:
        self._items = items
        self._grader = grader
        self._numbers: dict[Mark, int] = {}
        self.failure: GraderFailed | None = None

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks so far; the index of a mark is its number."""
        return tuple(self._numbers)

    def __call__(self, item: int, answer: str | None) -> dict[str, object]:
        try:
            mark = self._grader.mark(self._items[item], answer)
            same = "" if answer is None else self._grader.canonical(self._items[item], answer)
        except GraderFailed as error:
            # The database reports an exception as text only, so keep the exception itself.
            self.failure = error
            raise
        # dicts keep insertion order, so the n-th new mark gets the number n.
        number = self._numbers.setdefault(mark, len(self._numbers))
        return {"mark": number, "correct": mark.correct, "same": same}


def grade_pairs(matched: MatchedLog, grader: Grader) -> GradedLog:
    """Grade the answers of all pairs; a failed answer is graded as None, a missing one is not graded.

    Raises GraderFailed with the grader's error.
    """
    log = matched.log
    # The inner GROUP BY shrinks the log before the join. min(rowid) finds the first request again, for its ids.
    log.run(
        f"""CREATE TEMP TABLE distinct_pairs AS
        SELECT item, status_a, response_a, status_b, response_b, requests, first
        FROM (
            SELECT sentence, status_a, response_a, status_b, response_b, count(*) AS requests, min(rowid) AS first
            FROM records WHERE pair GROUP BY ALL
        ) JOIN {matched.asked} USING (sentence)"""
    )
    marks = _grade_answers(matched, grader)
    # Answers with different grades differ even if their canonical texts are equal: a grader may contradict itself, and
    # the report must show it. LEFT JOIN, because a missing answer has no grade; its mark, and differing, stay NULL.
    log.run(
        f"""CREATE TEMP TABLE graded_pairs AS
        SELECT p.item, a.grade.mark AS a, b.grade.mark AS b, a.grade.correct AS right_a, b.grade.correct AS right_b,
            p.status_a = '{OK}' AND p.status_b = '{OK}' AS answered,
            a.grade.same <> b.grade.same OR a.grade.correct <> b.grade.correct AS differing,
            p.response_a, p.response_b, p.requests, p.first
        FROM distinct_pairs AS p
        LEFT JOIN answers AS a ON {_grade_of("a")}
        LEFT JOIN answers AS b ON {_grade_of("b")}
        WHERE p.item IS NOT NULL"""
    )
    # sum() of BIGINT is a HUGEINT, and NULL over no rows.
    (ungradable,) = log.one("SELECT coalesce(sum(requests), 0)::BIGINT FROM distinct_pairs WHERE item IS NULL")
    return GradedLog(log, matched.items, marks, "graded_pairs", ungradable)


def _grade_answers(matched: MatchedLog, grader: Grader) -> tuple[Mark, ...]:
    """Create the table answers (item, answer, grade) from distinct_pairs, and return the marks by number."""
    log, grade_answer = matched.log, _GradeAnswer(matched.items, grader)
    returned = "STRUCT(mark INTEGER, correct BOOLEAN, same VARCHAR)"
    log.register_udf("grade_answer", grade_answer, ["INTEGER", "VARCHAR"], returned)
    # UNION, not UNION ALL: an answer that both arms gave is graded once, so it cannot get two different grades.
    given = (
        f"SELECT item, response_{role} AS answer FROM distinct_pairs"
        f" WHERE item IS NOT NULL AND status_{role} NOT IN {MISSING_SQL}"
        for role in "ab"
    )
    log.run(f"CREATE TEMP TABLE given AS {' UNION '.join(given)} ORDER BY ALL")
    try:
        # In order, so that a grader that raises fails on the same answer in every run.
        log.run_in_order(
            "CREATE TEMP TABLE answers AS SELECT item, answer, grade_answer(item, answer) AS grade FROM given"
        )
    except duckdb.InvalidInputException as error:
        if grade_answer.failure is not None:
            raise grade_answer.failure from error
        raise
    return grade_answer.marks


def _grade_of(role: str) -> str:
    """Return the SQL condition that joins an arm's answer in a pair with its grade."""
    # IS NOT DISTINCT FROM matches NULLs: a failed answer is NULL and has a grade.
    same = f"p.item = {role}.item AND p.response_{role} IS NOT DISTINCT FROM {role}.answer"
    return f"p.status_{role} NOT IN {MISSING_SQL} AND {same}"
