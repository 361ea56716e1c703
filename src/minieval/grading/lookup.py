"""Finds the item of every sentence in the log, once per distinct sentence."""

from dataclasses import dataclass

from minieval.grading.evalset import EvalItem, EvalSet
from minieval.record.log_table import LogTable


@dataclass(frozen=True, slots=True)
class Matched:
    """The items by their index, under which the log's table `asked` (sentence, item) knows them.

    gradable: how many items were asked in pairs.
    """

    items: tuple[EvalItem, ...]
    gradable: int


def match_items(log: LogTable, items: EvalSet) -> Matched:
    """Make the table `asked`: every distinct sentence with the index of its item, NULL where no item has it."""
    index = {sentence: place for place, sentence in enumerate(items)}

    def match(sentence: str) -> int | None:
        return index.get(sentence.strip())

    log.register_udf("match_item", match, ["VARCHAR"], "INTEGER")
    log.run(
        """CREATE TEMP TABLE asked AS SELECT sentence, match_item(sentence) AS item, paired
        FROM (SELECT sentence, bool_or(pair) AS paired FROM records GROUP BY sentence)"""
    )
    (gradable,) = log.one("SELECT count(DISTINCT item) FROM asked WHERE paired")
    return Matched(tuple(items.values()), gradable)
