"""Works out the subject of a verb form and the form that the preceding words require.

It looks at function words only and has no dictionary of nouns and verbs. If they are not conclusive the result is None,
because an explanation must not be a guess.
"""

from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from minicorpus.explanation.function_words import (
    ASKING,
    BARE,
    BE,
    BEFORE_QUESTIONS,
    BOUNDARIES,
    DETERMINERS,
    HAVE,
    OBJECTS,
    OTHER,
    PREPOSITIONS,
    RELATIVES,
    SUBJECTS,
)
from minicorpus.explanation.noun_phrases import Words, is_adverb, is_plain, is_plural, phrases_of

_CERTAIN: Final = frozenset((word,) for word in BARE | HAVE | BE)
# How many words before a form are searched for the word that governs it.
_APART: Final = 5


@dataclass(frozen=True)
class Reading:
    """The context of a form: its subject's person, the tense required by a governing word, and that word."""

    person: str | None
    tense: str | None
    governor: str | None


def _governor(before: Words, names: frozenset[str]) -> int | None:
    """Return the index of the word that governs the form (a modal, do, to, or have), or None."""
    start = len(before) - 1
    # "have" governs a form next to it or across adverbs. With a noun in between it is a main verb ("have friends").
    strict = True
    for i in range(start, max(-1, start - _APART), -1):
        word = before[i]
        if word in HAVE:
            return i if strict else None
        if word in BARE or word == "to":
            return i
        if word in SUBJECTS and i and before[i - 1] in BARE | HAVE:
            return i - 1
        if is_adverb(word):
            continue
        strict = False
        if word in names or not (is_plain(word) or word in {"and", "or"}):
            return None
    return None


def _begins(before: Words, i: int, names: frozenset[str]) -> bool:
    """Return whether a clause begins after a word.

    "That" can also be a determiner ("that room"), and "once" a number of times.
    """
    if before[i] in {"that", "once"}:
        following = before[i + 1] if i + 1 < len(before) else ""
        linked = before[i] == "that" and (is_adverb(following) or following in PREPOSITIONS)
        return linked or following in SUBJECTS.keys() | DETERMINERS | names
    return before[i] in BOUNDARIES and before[i : i + 2] != ("no", "longer")


def _clause(before: Words, names: frozenset[str]) -> tuple[Words, Words]:
    """Return the current clause, and the clause before it if "and", "or" or "nor" joins the two."""
    starts = [0, *(i + 1 for i in range(len(before)) if _begins(before, i, names))]
    clause = before[starts[-1] :]
    coupled = len(starts) > 1 and before[starts[-1] - 1] in {"and", "or", "nor"}
    if not coupled:
        return clause, ()
    listed = len(starts) > 2 and starts[-2] == starts[-1] - 1  # "Tom, and Ana"
    first, last = (starts[-3], starts[-2] - 1) if listed else (starts[-2], starts[-1] - 1)
    return clause, before[first:last]


def _without_adverbs(words: Words) -> Words:
    end = len(words)
    while end and (is_adverb(words[end - 1]) or words[end - 1] in BARE | HAVE):
        end -= 1
    return words[:end]


def _is_subject_alone(words: Words, names: frozenset[str]) -> bool:
    """Return whether the words are just a noun phrase, so that "and" joins subjects ("Tom and Ana")."""
    if len(words) > 4 or any(word.endswith(("s", "ed")) for word in words[2:3] if len(words) == 4):
        return False
    return bool(words) and (
        words in {(s,) for s in (*SUBJECTS, *OBJECTS)} or words[0] in DETERMINERS or all(w in names for w in words)
    )


def _finite(before: Words, names: frozenset[str]) -> str | None:
    """Return the person of the subject of the finite verb that follows."""
    clause, coupled = _clause(before, names)
    if _is_subject_alone(coupled, names):
        return OTHER
    words = _without_adverbs(clause)
    phrases = phrases_of(words, names)
    if not phrases:
        return None
    last = phrases[-1]
    if last.pronoun:
        gap = words[last.end :]
        if any(word in RELATIVES for word in gap[:1]):
            return last.person
        return last.person if len(gap) <= 1 and all(is_plain(word) and not is_plural(word) for word in gap) else None
    after = list(takewhile(lambda phrase: not phrase.pronoun, reversed(phrases)))
    return "3sg" if all(phrase.person == "3sg" for phrase in after) else OTHER


def _of_infinitive(before: Words, names: frozenset[str]) -> str | None:
    """Return the person of the subject of the clause that contains a "to"."""
    clause, coupled = _clause(before, names)
    if _is_subject_alone(coupled, names):
        return OTHER
    words = clause
    while words and is_adverb(words[-1]):
        words = words[:-1]
    phrases = phrases_of(words, names, to=True)
    if len(phrases) > 1 and phrases[-1].end == len(words):
        last = phrases.pop()
        if last.person == OTHER and words[last.start - 1] not in HAVE:
            return None
        unclear = last.end - last.start > 2 and words[last.start - 1] not in ASKING
        if unclear and words[last.start] in DETERMINERS - {"a", "an"} and last.person != phrases[-1].person:
            return None
    if not phrases or (phrases[-1].end == len(words) and words[phrases[-1].start] not in DETERMINERS):
        return None
    if phrases[-1].pronoun or words[phrases[-1].end : phrases[-1].end + 1] in _CERTAIN:
        return phrases[-1].person
    after = list(takewhile(lambda phrase: not phrase.pronoun, reversed(phrases)))
    return "3sg" if all(phrase.person == "3sg" for phrase in after) else OTHER


def _of_purpose(after: Words, names: frozenset[str]) -> str | None:
    """Return the person of the main clause after "in order to ...,"."""
    clause = after[after.index(",") + 1 :] if "," in after else ()
    subject = tuple(takewhile(lambda word: word not in BARE | HAVE | BE | {"ought", ","}, clause))
    return _finite(subject, names) if clause[len(subject) :][:1] not in {(), (",",)} else None


def _agrees(person: str | None, before: Words, at: int) -> str | None:
    """Check the person against the auxiliary: "has" and "does" imply 3sg, "have" and "do" exclude it."""
    governor = before[at]
    if governor in {"has", "does", "hasn't", "doesn't"}:
        return person or "3sg"
    bare = any(word in BARE | {"to"} for word in before[max(0, at - 3) : at])
    refuted = governor in {"do", "don't", "haven't"} or (governor == "have" and not bare)
    return None if person == "3sg" and refuted else person


def question_auxiliary(words: Words) -> int | None:
    """Return the index of the auxiliary that begins a question, or None if the words are not such a question."""
    at = next((i for i, word in enumerate(words) if word in BARE | HAVE), None)
    if at is None or words[-1:] != ("?",):
        return None
    asking = at == 0 or words[0] in BEFORE_QUESTIONS
    return at if asking and all(word in BEFORE_QUESTIONS or is_plain(word) for word in words[:at]) else None


def _inverted(before: Words, after: Words, names: frozenset[str]) -> Reading | None:
    """Read a question, in which the subject stands between the auxiliary and the form."""
    at = question_auxiliary(before + after)
    if at is None or at >= len(before) - 1 or BOUNDARIES.intersection(before[at:]):
        return None
    between = before[at + 1 :]
    pronoun = between[:1] if between[0] in SUBJECTS else ()
    subject = pronoun or tuple(takewhile(lambda word: word not in RELATIVES, between))
    about = [word for word in between[len(subject) :] if not pronoun and not is_adverb(word)]
    if len(about) in {1, 2}:
        return Reading(OTHER, None, None)  # the form may belong to a relative clause
    if not about and (between[-1] == "to" or BARE.union(HAVE, BE).intersection(between)):
        return None
    tense = "past_participle" if before[at] in HAVE else "infinitive"
    return Reading(_finite(subject, names) or OTHER, tense, before[at])


def read(before: Words, after: Words, names: frozenset[str]) -> Reading:
    """Read the words around a form. `names` are the words of the sentence that are names."""
    asked = _inverted(before, after, names)
    if asked is not None:
        return asked
    at = _governor(before, names)
    if at is None:
        return Reading(_finite(before, names), None, None)
    governor = before[at]
    tense = "past_participle" if governor in HAVE and before[at + 1 : at + 2] != ("better",) else "infinitive"
    if governor == "to":
        purpose = _clause(before[:at], names)[0] == ("in", "order")
        person = _of_purpose(after, names) if purpose else _of_infinitive(before[:at], names)
        return Reading(person, tense, governor)
    if before[at + 1 : at + 2] and before[at + 1] in SUBJECTS:
        return Reading(SUBJECTS[before[at + 1]], tense, governor)
    return Reading(_agrees(_finite(before[:at], names), before, at), tense, governor)
