"""Reads the graded pairs from the log's database, as the tallies that the other measures count."""

from minieval.grading.graded_pairs import GradedLog
from minieval.measures.item_results import Tally


def tally_pairs(graded: GradedLog) -> tuple[Tally, ...]:
    """Return the pairs of a log; pairs of one item with the same grades are counted together."""
    # ORDER BY ALL, because a parallel GROUP BY returns its rows in no fixed order. differing is NULL if an answer is
    # missing.
    found = graded.log.all(
        f"""SELECT item, a, b, answered, coalesce(differing, false) AS differing, sum(requests)::BIGINT AS requests
        FROM {graded.pairs} GROUP BY ALL ORDER BY ALL"""
    )
    marks = graded.marks
    return tuple(
        Tally(
            graded.items[item],
            None if a is None else marks[a],
            None if b is None else marks[b],
            answered,
            differing,
            requests,
        )
        for item, a, b, answered, differing, requests in found
    )


def first_pairs(graded: GradedLog) -> tuple[Tally, ...]:
    """Return the first complete pair of every item, in the order of the log."""
    # first is the rowid of a pair's first record, and rows are inserted in the order of the log.
    found = graded.log.all(
        f"""SELECT item, a, b, answered, differing FROM {graded.pairs} WHERE a IS NOT NULL AND b IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY item ORDER BY first) = 1 ORDER BY first"""
    )
    return tuple(
        Tally(graded.items[item], graded.marks[a], graded.marks[b], answered, differing, requests=1)
        for item, a, b, answered, differing in found
    )
