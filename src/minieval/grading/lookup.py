"""Finds the item of the eval set that each request of the log asked about."""

from dataclasses import dataclass

from minieval.grading.evalset import EvalItem, EvalSet
from minieval.record.log.table import LogTable


@dataclass(frozen=True, slots=True)
class MatchedLog:
    """A log whose sentences are matched with items.

    Only match_items makes one, so a function that takes one cannot run before it.

    asked names the table (sentence, item, paired) with a row per distinct sentence; its item is an index into items,
    NULL where no item has the sentence. items_in_pairs: how many items both arms were asked.
    """

    log: LogTable
    items: tuple[EvalItem, ...]
    asked: str
    items_in_pairs: int


def match_items(log: LogTable, items: EvalSet) -> MatchedLog:
    """Look every distinct sentence up once: the log may be a thousand times as long as the eval set."""
    index = {sentence: place for place, sentence in enumerate(items)}

    def match(sentence: str) -> int | None:
        # Trimmed in Python, because SQL's trim knows fewer kinds of white space.
        return index.get(sentence.strip())

    log.register_udf("match_item", match, ["VARCHAR"], "INTEGER")
    log.run(
        """CREATE TEMP TABLE asked AS SELECT sentence, match_item(sentence) AS item, paired
        FROM (SELECT sentence, bool_or(pair) AS paired FROM records GROUP BY sentence)"""
    )
    (items_in_pairs,) = log.one("SELECT count(DISTINCT item) FROM asked WHERE paired")
    return MatchedLog(log, tuple(items.values()), "asked", items_in_pairs)
