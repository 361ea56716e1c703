"""Grades a correction: is the answer right, and if not, what is wrong with its verb form?

An answer is right if, normalised, it is one of the item's accepted sentences. Every word counts: repairing the verb and
breaking the rest is not a correction.

This file is part of the grader's identity (identity.py hashes it), so it imports only the items, the conjugation grid
and the standard library.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from minicorpus.grid import PERSONS, TENSES, forms
from minieval.grading.items import Item

_FINITE: Final = frozenset({"present_simple", "past_simple", "future"})
_AUXILIARIES: Final = frozenset({"am", "is", "are", "was", "were", "have", "has", "do", "does", "don't", "doesn't"})
# Words with their apostrophes, straight or curly, and every other mark as a token of its own.
_TOKEN: Final = re.compile(r"[\w'\u2019]+|[^\w\s]")


class ErrorType(StrEnum):
    """What is wrong with a wrong answer."""

    AGREEMENT = "agreement"
    TENSE = "tense"
    FORM = "form"
    OVER_REGULARISED = "over-regularised"
    SPELLING = "spelling"
    UNCHANGED = "unchanged"
    EMPTY = "empty"
    OTHER = "other"


class Correction(StrEnum):
    """What an answer did to its sentence; FAILED means that there was no answer."""

    FIXED = "fixed"
    MISSED = "missed"
    MISFIXED = "mis-fixed"
    PRESERVED = "preserved"
    OVER_CORRECTED = "over-corrected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Grade:
    """The judgement of one answer; error is None if and only if it is correct."""

    correct: bool
    error: ErrorType | None
    changed: bool
    correction: Correction


def normalise(text: str) -> str:
    """Return the text in Unicode NFC, trimmed, every run of white space as one space.

    It is no more lenient than that, because a learner copies the capitals, punctuation and apostrophes, too.
    """
    return " ".join(unicodedata.normalize("NFC", text).split())


def grade(item: Item, answer: str | None) -> Grade:
    """Grade one answer; None and blank text count as no answer, which is wrong."""
    given = "" if answer is None else normalise(answer)
    if not given:
        return Grade(correct=False, error=ErrorType.EMPTY, changed=False, correction=Correction.FAILED)
    changed = given != normalise(item.sentence)
    accepted = tuple(normalise(sentence) for sentence in item.accepted)
    if given in accepted:
        right = Correction.PRESERVED if item.mistake is None else Correction.FIXED
        return Grade(correct=True, error=None, changed=changed, correction=right)
    if not changed:
        wrong = Correction.OVER_CORRECTED if item.mistake is None else Correction.MISSED
        return Grade(correct=False, error=ErrorType.UNCHANGED, changed=False, correction=wrong)
    wrong = Correction.OVER_CORRECTED if item.mistake is None else Correction.MISFIXED
    return Grade(correct=False, error=_error_type(item, given, accepted), changed=True, correction=wrong)


def _error_type(item: Item, given: str, accepted: tuple[str, ...]) -> ErrorType:
    tokens = _tokens(given)
    # First choice: the answer differs from an accepted sentence only where the verb form stands.
    for sentence in accepted:
        slot = _slot(tokens, _tokens(sentence), forms(item.verb, item.tense, item.person))
        if slot is not None:
            return _slot_error(item, slot)
    # Else one wrong auxiliary elsewhere in the sentence is an agreement error, too ("He don't usually go").
    for sentence in accepted:
        expected = _tokens(sentence)
        if len(expected) == len(tokens):
            differing = {pair for pair in zip(tokens, expected, strict=True) if pair[0] != pair[1]}
            if len(differing) == 1 and all(word in _AUXILIARIES for pair in differing for word in pair):
                return ErrorType.AGREEMENT
    return ErrorType.OTHER


def _slot(given: list[str], accepted: list[str], right: tuple[str, ...]) -> list[str] | None:
    """Return the tokens that the answer has in place of the verb form; None if it differs elsewhere, too."""
    for form in right:
        words = form.split()
        for start in range(len(accepted) - len(words) + 1):
            before, after = accepted[:start], accepted[start + len(words) :]
            end = len(given) - len(after)
            found = accepted[start : start + len(words)] == words
            if found and start <= end and given[:start] == before and given[end:] == after:
                return given[start:end]
    return None


def _slot_error(item: Item, slot: list[str]) -> ErrorType:
    got = " ".join(slot)
    right = forms(item.verb, item.tense, item.person)
    if got in right:
        return ErrorType.OTHER
    # The tests run from the most specific to the least: a form of the right tense is an agreement error even if
    # another tense shares it.
    if any(got in forms(item.verb, item.tense, person) for person in PERSONS):
        return ErrorType.AGREEMENT
    tenses = {tense for tense in TENSES if any(got in forms(item.verb, tense, p) for p in PERSONS)}
    if tenses:
        return ErrorType.TENSE if item.tense in _FINITE and tenses & _FINITE else ErrorType.FORM
    if got in _over_regularised(item.verb):
        return ErrorType.OVER_REGULARISED
    known = _known_words(item.verb)
    # A real word that happens to be one letter away ("live", "lived") is a wrong form, not a misspelling.
    if any(_misspelt(got, form) for form in right) and not known.issuperset(slot):
        return ErrorType.SPELLING
    return ErrorType.FORM if not slot or known.intersection(slot) else ErrorType.OTHER


@cache
def _known_words(verb: str) -> frozenset[str]:
    words = {w for tense in TENSES for p in PERSONS for form in forms(verb, tense, p) for w in form.split()}
    # "make" drops its e before -ing; "be" and "see" keep theirs.
    stem = verb[:-1] if verb.endswith("e") and verb not in {"be", "see"} else verb
    return frozenset(words | {stem + "ing"} | _over_regularised(verb))


@cache
def _over_regularised(verb: str) -> frozenset[str]:
    """Return regular endings on stems that do not take them: goed, wented, haves, studyed."""
    # "be" has two past forms, was and were, and learners put endings on both.
    stems = {verb, *(forms("be", "past_simple", p)[0] for p in PERSONS if verb == "be")}
    stems |= {forms(verb, "past_simple", person)[0] for person in PERSONS}
    wrong = {stem + ("d" if stem.endswith("e") else "ed") for stem in stems} | {verb + "s", verb + "ed"}
    if verb.endswith("y"):
        wrong |= {verb[:-1] + "ies", verb[:-1] + "ied"}
    right = {form for tense in TENSES for p in PERSONS for form in forms(verb, tense, p)}
    return frozenset(wrong - right)


def _misspelt(got: str, form: str) -> bool:
    """Tell whether one insertion, deletion, substitution or swap of neighbours leads from one to the other."""
    # Below three letters nearly every word is one step from every other.
    if got == form or abs(len(got) - len(form)) > 1 or min(len(got), len(form)) < 3:
        return False
    start = next((i for i, (x, y) in enumerate(zip(got, form, strict=False)) if x != y), None)
    if start is None:
        return True
    # Both agree up to start, so one step must make the rests equal: swap, substitute, insert or delete.
    left, right = got[start:], form[start:]
    swapped = left[:2] == right[1::-1] and left[2:] == right[2:]
    return swapped or left[1:] == right[1:] or left[1:] == right or left == right[1:]


def _tokens(sentence: str) -> list[str]:
    return _TOKEN.findall(sentence.casefold())
