"""A's and B's answers to the same requests: equal pairs counted together, every distinct answer graded once."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from minieval.errors import GraderFailed
from minieval.grading.grader import Grader, Mark
from minieval.grading.grammar import normalise
from minieval.grading.lookup import Matched
from minieval.measures.disagreement import MOST_LISTED, Case, Kind, case
from minieval.measures.pairs import Tally
from minieval.record.log_table import MISSING_SQL, LogTable
from minieval.record.statuses import OK


@dataclass(frozen=True, slots=True)
class Pairs:
    """The graded pairs, how many pairs no item of the eval set has, and the disagreements to be listed.

    firsts has the first complete pair of every item, in the order of the log.
    """

    tallies: tuple[Tally, ...]
    firsts: tuple[Tally, ...]
    ungradable: int
    cases: tuple[Case, ...]


class _Marker:
    """Grades answers for the database, which knows marks by their number."""

    def __init__(self, matched: Matched, grader: Grader) -> None:
        self._items = matched.items
        self._grader = grader
        self._numbers: dict[Mark, int] = {}
        self.failure: GraderFailed | None = None

    @property
    def marks(self) -> list[Mark]:
        return list(self._numbers)

    def __call__(self, item: int, answer: str | None) -> dict[str, object]:
        try:
            mark = self._grader.mark(self._items[item], answer)
        except GraderFailed as error:
            self.failure = error
            raise
        number = self._numbers.setdefault(mark, len(self._numbers))
        return {"mark": number, "correct": mark.correct, "same": "" if answer is None else normalise(answer)}


def grade_pairs(log: LogTable, matched: Matched, grader: Grader) -> Pairs:
    """Grade the answers of all pairs; an answer that failed is graded as none, a missing one not at all.

    Raises GraderFailed with what the grader raised.
    """
    log.run(
        """CREATE TEMP TABLE distinct_pairs AS
        SELECT item, status_a, response_a, status_b, response_b, requests, first
        FROM (
            SELECT sentence, status_a, response_a, status_b, response_b, count(*) AS requests, min(rowid) AS first
            FROM records WHERE pair GROUP BY ALL
        ) JOIN asked USING (sentence)"""
    )
    marker = _grade(log, matched, grader)
    log.run(
        f"""CREATE TEMP TABLE graded_pairs AS
        SELECT p.item, a.told.mark AS a, b.told.mark AS b, a.told.correct AS right_a, b.told.correct AS right_b,
            p.status_a = '{OK}' AND p.status_b = '{OK}' AS answered,
            a.told.same <> b.told.same OR a.told.correct <> b.told.correct AS differing,
            p.response_a, p.response_b, p.requests, p.first
        FROM distinct_pairs AS p
        LEFT JOIN answers AS a ON {_given("a")}
        LEFT JOIN answers AS b ON {_given("b")}
        WHERE p.item IS NOT NULL"""
    )
    (ungradable,) = log.one("SELECT coalesce(sum(requests), 0)::BIGINT FROM distinct_pairs WHERE item IS NULL")
    return Pairs(
        tallies=_tallies(log, matched, marker.marks),
        firsts=_firsts(log, matched, marker.marks),
        ungradable=ungradable,
        cases=_cases(log, matched, marker.marks),
    )


def _grade(log: LogTable, matched: Matched, grader: Grader) -> _Marker:
    marker = _Marker(matched, grader)
    returned = "STRUCT(mark INTEGER, correct BOOLEAN, same VARCHAR)"
    log.register_udf("grade_answer", marker, ["INTEGER", "VARCHAR"], returned)
    given = (
        f"SELECT item, response_{role} AS answer FROM distinct_pairs"
        f" WHERE item IS NOT NULL AND status_{role} NOT IN {MISSING_SQL}"
        for role in "ab"
    )
    log.run(f"CREATE TEMP TABLE given AS {' UNION '.join(given)} ORDER BY ALL")
    try:
        # In order, so that a grader that raises does so on the same answer every time.
        log.run_in_order(
            "CREATE TEMP TABLE answers AS SELECT item, answer, grade_answer(item, answer) AS told FROM given"
        )
    except duckdb.InvalidInputException as error:
        if marker.failure is not None:
            raise marker.failure from error
        raise
    return marker


def _tallies(log: LogTable, matched: Matched, marks: Sequence[Mark]) -> tuple[Tally, ...]:
    found = log.all(
        """SELECT item, a, b, answered, coalesce(differing, false) AS differing, sum(requests)::BIGINT AS requests
        FROM graded_pairs GROUP BY ALL ORDER BY ALL"""
    )
    return tuple(
        Tally(matched.items[item], _mark(marks, a), _mark(marks, b), answered, differing, requests)
        for item, a, b, answered, differing, requests in found
    )


def _firsts(log: LogTable, matched: Matched, marks: Sequence[Mark]) -> tuple[Tally, ...]:
    found = log.all(
        """SELECT item, a, b, answered, differing FROM graded_pairs WHERE a IS NOT NULL AND b IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY item ORDER BY first) = 1 ORDER BY first"""
    )
    return tuple(
        Tally(matched.items[item], marks[a], marks[b], answered, differing, 1)
        for item, a, b, answered, differing in found
    )


def _cases(log: LogTable, matched: Matched, marks: Sequence[Mark]) -> tuple[Case, ...]:
    kinds = {Kind.REGRESSED: "right_a AND NOT right_b", Kind.IMPROVED: "right_b AND NOT right_a"}
    order = " ".join(f"WHEN {holds} THEN {place}" for place, holds in enumerate(kinds.values()))
    found = log.all(
        f"""SELECT r.request, r.trace, c.item, c.response_a, c.response_b, c.a, c.b, c.requests FROM (
            SELECT *, CASE {order} ELSE {len(kinds)} END AS place
            FROM graded_pairs WHERE differing ORDER BY place, first LIMIT {MOST_LISTED}
        ) AS c JOIN records AS r ON r.rowid = c.first ORDER BY c.place, c.first"""
    )
    return tuple(
        case(request, trace.hex, matched.items[item], (answer_a, answer_b), (marks[a], marks[b]), requests)
        for request, trace, item, answer_a, answer_b, a, b, requests in found
    )


def _mark(marks: Sequence[Mark], number: int | None) -> Mark | None:
    return None if number is None else marks[number]


def _given(role: str) -> str:
    """Return the SQL that joins an arm's answer of a pair with its grade."""
    same = f"p.item = {role}.item AND p.response_{role} IS NOT DISTINCT FROM {role}.answer"
    return f"p.status_{role} NOT IN {MISSING_SQL} AND {same}"
