"""The words in which two answers differ."""

from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True, slots=True)
class Words:
    """A run of words, and whether the other answer lacks it in this place."""

    text: str
    differs: bool


def compare_words(mine: str, other: str) -> tuple[Words, ...]:
    """Return my words in runs, those that differ from the other's marked.

    >>> [run.text for run in compare_words("He goes home.", "He went home.") if run.differs]
    ['goes']
    """
    words, others = mine.split(), other.split()
    # autojunk would treat a word that is frequent in a long answer as noise.
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    return tuple(
        Words(" ".join(words[start:end]), tag != "equal")
        for tag, start, end, _, _ in matcher.get_opcodes()
        if start < end
    )
