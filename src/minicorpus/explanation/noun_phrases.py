"""Finds the noun phrases of a clause that can be its subject, using the function words around them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise, takewhile

from minicorpus.explanation.function_words import (
    ADVERBS,
    BARE,
    BE,
    BOUNDARIES,
    DETERMINERS,
    HAVE,
    NEVER_OBJECTS,
    OBJECTS,
    OTHER,
    PLURAL_DETERMINERS,
    PLURALS,
    PREPOSITIONS,
    QUANTITIES,
    RELATIVES,
    SINGULARS,
    SUBJECTS,
    TIMES,
)

Words = tuple[str, ...]


@dataclass(frozen=True)
class Phrase:
    """A noun phrase that can be a subject. `start` and `end` are word indices, `end` exclusive."""

    start: int
    end: int
    person: str
    pronoun: bool


def is_adverb(word: str) -> bool:
    """Return whether a word looks like an adverb."""
    return word in ADVERBS or word.endswith("ly")


def can_be_name(word: str) -> bool:
    """Return whether the first word of a sentence, which is always capitalised, could be a name."""
    if not is_plain(word) or is_adverb(word) or word in TIMES:
        return False
    return word.isalpha() and not is_plural(word) and not word.endswith(("s", "ing", "ed"))


def is_plural(noun: str) -> bool:
    """Return whether a noun looks plural."""
    if noun in PLURALS:
        return True
    return noun.endswith("s") and noun not in SINGULARS and not noun.endswith(("ss", "us", "is", "'s"))


def is_plain(word: str) -> bool:
    """Return whether a word is not a function word: a noun, verb, adjective or unknown adverb."""
    small = BARE | HAVE | BE | DETERMINERS | PREPOSITIONS | RELATIVES | BOUNDARIES | OBJECTS | SUBJECTS.keys()
    return word not in small and re.fullmatch(r"[\w-]+", word) is not None


def _noun_phrase(words: Words, i: int, names: frozenset[str], *, to: bool) -> Phrase:
    """Read a determiner and the nouns that follow it."""
    end = i + 1
    while end < len(words) and is_plain(words[end]) and (end == i + 1 or words[end] not in names):
        if end > i + 1 and is_adverb(words[end]):
            break
        end += 1
    nouns = words[i + 1 : end]
    followed = words[end] in SUBJECTS.keys() | DETERMINERS | names | OBJECTS if end < len(words) else to
    if followed and len(nouns) > 1:
        nouns = nouns[:-1]  # directly before another phrase or "to", the last one is a verb
    if not nouns:
        return Phrase(i, end, "3sg" if words[i] in {"this", "that", "one"} else OTHER, pronoun=False)
    nouns = tuple(noun for noun in nouns[:-1] if noun != "police") + nouns[-1:]  # "police officer" is one person
    plural = words[i] in PLURAL_DETERMINERS or nouns[-1] in QUANTITIES or any(is_plural(noun) for noun in nouns)
    return Phrase(i, end, OTHER if plural else "3sg", pronoun=False)


def _read_phrases(words: Words, names: frozenset[str], *, to: bool) -> Iterable[Phrase]:
    i = 0
    while i < len(words):
        word = words[i]
        if word in RELATIVES and i:
            return
        if word in SUBJECTS or word in OBJECTS:
            phrase = Phrase(i, i + 1, SUBJECTS.get(word, OTHER), pronoun=True)
        elif word in DETERMINERS:
            phrase = _noun_phrase(words, i, names, to=to)
        elif word in names:
            # A name that repeats starts a new phrase: "I wrote to Tom Tom was late".
            run = 1 + len(list(takewhile(lambda two: two[1] in names and len(set(two)) > 1, pairwise(words[i:]))))
            phrase = Phrase(i, i + run, "3sg", pronoun=False)
        else:
            i += 1
            continue
        i = phrase.end
        yield phrase


def phrases_of(words: Words, names: frozenset[str], *, to: bool = False) -> list[Phrase]:
    """Return the phrases of a clause that can be its subject: not after a preposition, and not a time."""

    def can_act(phrase: Phrase) -> bool:
        inside = words[phrase.start : phrase.end]
        time = any(word.removesuffix("s") in TIMES for word in inside)
        governed = phrase.start > 0 and words[phrase.start - 1] in PREPOSITIONS
        return not time and (not governed or inside[0] in NEVER_OBJECTS)

    return [phrase for phrase in _read_phrases(words, names, to=to) if can_act(phrase)]
