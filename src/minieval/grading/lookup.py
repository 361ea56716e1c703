"""Finds the eval-set item for each request in the log."""

from dataclasses import dataclass

from minieval.grading.evalset import EvalItem, EvalSet
from minieval.record.log.table import LogTable


@dataclass(frozen=True, slots=True)
class MatchedLog:
    """A log whose sentences are matched with items.

    Only match_items creates one, so a function that takes one cannot run too early.

    asked names the table (sentence, item, paired) with one row per distinct sentence; item is an index into items, or
    NULL if no item has the sentence. items_in_pairs is the number of items that both arms were asked.
    """

    log: LogTable
    items: tuple[EvalItem, ...]
    asked: str
    items_in_pairs: int


def match_items(log: LogTable, items: EvalSet) -> MatchedLog:
    """Match the log's sentences with items; each distinct sentence is looked up once."""
    index = {sentence: place for place, sentence in enumerate(items)}

    def match(sentence: str) -> int | None:
        # Trimmed in Python, because SQL's trim removes fewer kinds of white space.
        return index.get(sentence.strip())

    log.register_udf("match_item", match, ["VARCHAR"], "INTEGER")
    # Group first: the log may be a thousand times as long as the eval set, and a call into Python costs microseconds.
    log.run(
        """CREATE TEMP TABLE asked AS SELECT sentence, match_item(sentence) AS item, paired
        FROM (SELECT sentence, bool_or(pair) AS paired FROM records GROUP BY sentence)"""
    )
    (items_in_pairs,) = log.one("SELECT count(DISTINCT item) FROM asked WHERE paired")
    return MatchedLog(log, tuple(items.values()), "asked", items_in_pairs)
