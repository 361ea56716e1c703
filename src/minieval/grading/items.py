"""The items of the lab's eval set: sentences to correct, read from JSON lines.

This file is part of the grader's identity (identity.py hashes it), so it imports only the standard library.
"""

import json
from dataclasses import dataclass
from typing import Final

_TEXTS: Final = ("id", "sentence", "verb", "tense", "person", "regularity", "frame")
# A set, not a minimum: a misspelt key must not pass as an unknown one.
_KEYS: Final = frozenset({*_TEXTS, "accepted", "mistake"})


class ItemError(ValueError):
    """A line of the eval set is not an item; the message has its number, the key and what was expected."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"eval set line {line}: {message}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Item:
    """A sentence to correct and every sentence that counts as its correction.

    mistake names the kind of mistake in the sentence, None where it is right already.
    """

    id: str
    sentence: str
    accepted: tuple[str, ...]
    verb: str
    tense: str
    person: str
    regularity: str
    mistake: str | None
    frame: str


def parse_items(text: str) -> tuple[Item, ...]:
    """Read JSON lines and skip blank ones; raises ItemError on any other line that is not an item.

    Ids and trimmed sentences must be unique, because records find their item by its sentence.
    """
    items: list[Item] = []
    seen: dict[tuple[str, str], int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        item = _parse(number, line)
        for key in (("id", item.id), ("sentence", item.sentence.strip())):
            if key in seen:
                raise ItemError(number, f"{key[0]} {key[1]!r} stands on line {seen[key]} already")
            seen[key] = number
        items.append(item)
    return tuple(items)


def _parse(number: int, line: str) -> Item:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:  # the latter from brackets nested thousands deep
        raise ItemError(number, f"not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise ItemError(number, "expected a JSON object")
    if raw.keys() != _KEYS:
        wrong = ", ".join(sorted(raw.keys() ^ _KEYS))
        raise ItemError(number, f"keys missing or unknown: {wrong}; expected {', '.join(sorted(_KEYS))}")
    texts = {name: _text(number, name, raw[name]) for name in _TEXTS}
    accepted = raw["accepted"]
    if not isinstance(accepted, list) or not accepted:
        raise ItemError(number, f"accepted is {accepted!r}: expected a list of at least one sentence")
    mistake = raw["mistake"]
    return Item(
        accepted=tuple(_text(number, "accepted", sentence) for sentence in accepted),
        mistake=None if mistake is None else _text(number, "mistake", mistake),
        **texts,
    )


def _text(number: int, name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ItemError(number, f"{name} is {value!r}: expected text that is not blank")
    return value
