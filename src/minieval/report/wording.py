"""Finds the words in which two answers differ."""

from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True, slots=True)
class Words:
    """A run of words, and whether the other answer lacks it at this place."""

    text: str
    differs: bool


def compare_words(mine: str, other: str) -> tuple[Words, ...]:
    """Return the words of `mine` in runs; runs that differ from `other` are marked.

    >>> [run.text for run in compare_words("He goes home.", "He went home.") if run.differs]
    ['goes']
    """
    words, others = mine.split(), other.split()
    # With autojunk, difflib would ignore words that are frequent in a long answer.
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    return tuple(
        Words(" ".join(words[start:end]), tag != "equal")
        for tag, start, end, _, _ in matcher.get_opcodes()
        if start < end
    )
