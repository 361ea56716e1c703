"""The eval set as the judge sees it: the sentences, their slices, and what the grader gets for each.

There are two kinds of file. The lab's file has the items of `items.py`. Any other file has JSON lines of this form; a
grader may use further keys:

    {"id": "q1", "sentence": "17 + 5", "expected": "22", "cluster": "plus", "slices": {"operation": "plus"}}
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from minieval.grading.items import Item, ItemError, parse_items

# A family's name becomes a query parameter and an element id in the HTML report, so it must be short and plain.
_FAMILY: Final = re.compile(r"[a-z][a-z0-9_]{0,30}")
# The HTML report's own filters use these names.
_TAKEN: Final = frozenset({"kind", "over", "q"})


@dataclass(frozen=True, slots=True)
class EvalItem:
    """A sentence to answer.

    slices: its value in every family of slices. cluster: what it shares with other items, as kind and value; None if
    items are unrelated. expected: a right answer, for display. asked: what the grader gets.
    """

    id: str
    sentence: str
    expected: str | None
    slices: Mapping[str, str]
    cluster: tuple[str, str] | None
    asked: object


EvalSet = Mapping[str, EvalItem]
"""Items by their trimmed sentence, which is how a record finds its item."""


def grammar_items(text: str) -> EvalSet:
    """Read the lab's eval set; raises ItemError naming the line that is not one of its items."""
    return _by_sentence(from_item(item) for item in parse_items(text))


def from_item(item: Item) -> EvalItem:
    """Return a grammar item as the judge sees it."""
    slices = {"tense": item.tense, "person": item.person, "verb": item.verb}
    return EvalItem(item.id, item.sentence, item.accepted[0], slices, ("verb", item.verb), item)


def plain_items(text: str) -> EvalSet:
    """Read an eval set that is not the lab's; raises ItemError naming the line, the key and what was expected.

    Blank lines are skipped. Ids and trimmed sentences must be unique, and every item needs the same slice families.
    """
    items: list[EvalItem] = []
    seen: dict[tuple[str, str], int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        item = _parse(number, line)
        for key in (("id", item.id), ("sentence", item.sentence.strip())):
            if key in seen:
                raise ItemError(number, f"{key[0]} {key[1]!r} stands on line {seen[key]} already")
            seen[key] = number
        # An item that lacks a family would be in none of its slices, and the slices would not add up to the total.
        if items and item.slices.keys() != items[0].slices.keys():
            expected = ", ".join(items[0].slices) or "none"
            raise ItemError(number, f"slices are {', '.join(item.slices) or 'none'}: expected {expected}, as above")
        items.append(item)
    return _by_sentence(items)


def _by_sentence(items: Iterable[EvalItem]) -> EvalSet:
    return {item.sentence.strip(): item for item in items}


def _parse(number: int, line: str) -> EvalItem:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ItemError(number, f"not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise ItemError(number, "expected a JSON object")
    slices = raw.get("slices", {})
    if not isinstance(slices, dict):
        raise ItemError(number, f"slices is {slices!r}: expected an object of family to value")
    for family in slices:
        if not _FAMILY.fullmatch(family) or family in _TAKEN:
            rule = f"expected to match {_FAMILY.pattern}, and none of {', '.join(sorted(_TAKEN))}"
            raise ItemError(number, f"slices has a family {family!r}: {rule}")
    return EvalItem(
        id=_text(number, "id", raw.get("id")),
        sentence=_text(number, "sentence", raw.get("sentence")),
        expected=None if raw.get("expected") is None else _text(number, "expected", raw["expected"]),
        slices={family: _text(number, f"slices.{family}", value) for family, value in slices.items()},
        cluster=None if raw.get("cluster") is None else ("cluster", _text(number, "cluster", raw["cluster"])),
        asked=raw,
    )


def _text(number: int, name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ItemError(number, f"{name} is {value!r}: expected text that is not blank")
    return value
