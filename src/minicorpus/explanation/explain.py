"""Explains a correction to a learner: verb, tense, person and rule, in English or Spanish.

It looks the change up among the mistakes of the grid and reads the subject before it. If that does not lead to a single
cell, it says so instead of guessing.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from minicorpus import grid
from minicorpus.explanation import rules
from minicorpus.explanation.clause_reading import Reading, question_auxiliary, read
from minicorpus.explanation.function_words import DETERMINERS, HAVE, TIMES
from minicorpus.explanation.noun_phrases import Words, can_be_name, is_adverb
from minicorpus.explanation.rules import Language
from minicorpus.mistakes import auxiliary, mistakes
from minicorpus.vocabulary.words import WORDS

_WORD: Final = re.compile(r"\w+(?:['\u2019\-]\w+)*|[^\w\s]")
# Words in the longest mistake of the grid ("am going to went").
_LONGEST: Final = 4
_PAIRS: Final = {frozenset({"have", "has"}): "past_participle", frozenset({"do", "does"}): "infinitive"}
# How many words after an auxiliary its main verb can be.
_NEAR: Final = 5
# Participles of verbs outside the grid that do not end in -ed or -en.
_IRREGULAR_PARTICIPLES: Final = frozenset(
    {"made", "found", "lost", "met", "read", "sold", "put", "cut", "left", "bought", "brought", "sung", "run", "sat"}
)
# Words that end like participles and are not.
_LIKE_PARTICIPLES: Final = frozenset(
    {"red", "chicken", "children", "women", "men", "kitchen", "garden", "need", "seed", "bed"}
)


@dataclass(frozen=True)
class Cell:
    """A cell of the grid, the form that the correction uses, and the auxiliary before it."""

    verb: str
    tense: str
    person: str
    form: str
    auxiliary: str | None = None
    auxiliary_changed: bool = False


def _words(text: str) -> Words:
    return tuple(word.lower() for word in _WORD.findall(text))


def _grid_cells() -> Iterable[tuple[str, str, str]]:
    return ((v, t, p) for v in grid.VERBS for t in grid.TENSES for p in grid.PERSONS)


@cache
def _by_change() -> dict[tuple[Words, Words], list[Cell]]:
    """Index every mistake of the grid by wrong and right words."""
    index: dict[tuple[Words, Words], list[Cell]] = defaultdict(list)
    for cell in _grid_cells():
        for mistake in mistakes(*cell):
            if mistake.auxiliary is None:
                index[_words(mistake.surface), _words(mistake.form)].append(Cell(*cell, mistake.form))
    return dict(index)


@cache
def _by_form() -> dict[Words, list[Cell]]:
    index: dict[Words, list[Cell]] = defaultdict(list)
    for cell in _grid_cells():
        for form in grid.forms(*cell):
            index[_words(form)].append(Cell(*cell, form))
    return dict(index)


def _common(a: Words, b: Words) -> int:
    """Return the length of the common prefix of two sequences."""
    count = 0
    while count < min(len(a), len(b)) and a[count] == b[count]:
        count += 1
    return count


def _contains(words: Words, part: Words) -> bool:
    return any(words[i : i + len(part)] == part for i in range(len(words) - len(part) + 1))


def _names(text: str) -> frozenset[str]:
    """Return the names in a text: capitalised words, and the first word if it could be a name."""
    found = _WORD.findall(text)
    inside = frozenset(word.lower() for word in found[1:] if word[0].isupper() and word != "I")
    first = found[0].lower() if found else ""
    if first in _known_names() or (can_be_name(first) and (first,) not in _by_form()):
        inside |= {first}
    return inside - TIMES


@cache
def _known_names() -> frozenset[str]:
    """Return the names in the word lists, for the first word of a sentence, which is always capitalised."""
    return frozenset(word.lower() for name in (*WORDS["name"].train, *WORDS["name"].held) for word in name.split())


def _fits(cell: Cell, reading: Reading) -> bool:
    """Return whether a cell matches the words before the form. If they show no person, a final -s implies 3sg."""
    told = cell.tense == "present_simple" and cell.form.endswith("s") and cell.person == "3sg"
    if cell.person != reading.person and not (reading.person is None and told):
        return False
    return cell.tense == reading.tense if reading.tense else cell.tense not in {"infinitive", "past_participle"}


def _choose(cells: list[Cell], reading: Reading) -> Cell | None:
    """Return the cell that matches the words before the form, or None unless there is exactly one."""
    chosen = [cell for cell in cells if _fits(cell, reading)]
    if len({(c.verb, c.tense) for c in chosen}) != 1:
        return None
    return replace(chosen[0], auxiliary=reading.governor)


def _is_participle(word: str) -> bool:
    if any(cell.tense == "past_participle" for cell in _by_form().get((word,), [])) or word in _IRREGULAR_PARTICIPLES:
        return True
    return word.endswith(("ed", "en", "own")) and word not in DETERMINERS | _LIKE_PARTICIPLES


def _is_auxiliary(cell: Cell, after: Words) -> bool:
    """Return whether a form of be, have or do is an auxiliary of a verb outside the grid."""
    if cell.tense == "future":
        return False
    following = next((word for word in after[:_NEAR] if not is_adverb(word)), "")
    if cell.verb == "do":
        return after[:1] == ("not",) or following in {"i", "he", "she", "we", "they"}
    if cell.verb == "have":
        return after[:1] == ("not",) or _is_participle(following)
    return cell.verb == "be" and following.endswith("ing")


def _changed(old: Words, new: Words, names: frozenset[str]) -> Cell | None:
    """Find the cell of a change: by the longest known mistake that covers it, otherwise by the new form."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    stop_old, stop_new = len(old) - tail, len(new) - tail
    # Candidate spans: the changed words, widened by up to three words on each side.
    spans = [
        (first, after)
        for first in range(max(0, head - _LONGEST + 1), head + 1)
        for after in range(min(tail, _LONGEST - 1) + 1)
    ]
    spans.sort(key=lambda span: span[0] - span[1])
    listed = [
        (first, after, _by_change().get((old[first : stop_old + after], new[first : stop_new + after]), []))
        for first, after in spans
    ]
    standing = [
        (first, after, _by_form().get(new[first : stop_new + after], []))
        for first, after in spans
        if not _contains(old[first : stop_old + after], new[first : stop_new + after])
    ]
    for first, after, cells in listed + standing:
        cell = _choose(cells, read(new[:first], new[stop_new + after :], names)) if cells else None
        if cell is not None:
            return None if _is_auxiliary(cell, new[stop_new + after :]) else cell
    return None


def _helped(old: Words, new: Words, names: frozenset[str]) -> Cell | None:
    """Find the cell of a change that affects only the auxiliary: have or has, do or does."""
    head = _common(old, new)
    if len(old) != len(new) or old[head + 1 :] != new[head + 1 :]:
        return None
    tense = _PAIRS.get(frozenset(word.removesuffix("n't") for word in (old[head], new[head])))
    if tense is None:
        return None
    for at in range(head + 1, min(len(new), head + 2 + _NEAR)):
        cells = [cell for cell in _by_form().get((new[at],), []) if cell.tense == tense]
        reading = read(new[:at], new[at + 1 :], names)
        if cells and reading.tense == tense and reading.governor == new[head]:
            fits = reading.person in grid.PERSONS and new[head].removesuffix("n't") == auxiliary(tense, reading.person)
            cell = _choose(cells, reading) if fits else None
            return replace(cell, auxiliary_changed=True) if cell else None
    return None


def find_cell(sentence: str, correction: str) -> Cell | None:
    """Return the cell of the grid that a correction concerns, or None if it is outside the grid or ambiguous."""
    old, new = _words(sentence), _words(correction)
    if old == new:
        return None
    names = _names(correction)
    if question_auxiliary(new) == _common(old, new):
        return _helped(old, new, names)
    return _helped(old, new, names) or _changed(old, new, names)


def _rule(cell: Cell, language: Language) -> str:
    """Return the rule of a cell, quoting the auxiliary that the sentence uses."""
    text = rules.rule(cell.verb, cell.tense, cell.person, language)
    if cell.tense == "infinitive" and cell.auxiliary_changed:
        return f"{rules.DO[language][cell.person == '3sg']} {text}"
    if cell.tense == "past_participle" and cell.auxiliary in HAVE:
        used = cell.auxiliary.removesuffix("n't")
        return text.replace(f"“{auxiliary(cell.tense, cell.person)}”", f"“{used}”")
    return text


def explain(sentence: str, correction: str, language: Language) -> str:
    """Explain a correction: the form, its verb, tense, person and rule, and its Spanish pair.

    >>> explain("He goed home.", "He went home.", "en")[:60]
    'Use “went”: past simple of “go”, third person singular. “go”'
    """
    if sentence == correction:
        return rules.UNCHANGED[language]
    cell = find_cell(sentence, correction)
    if cell is None:
        return rules.OUTSIDE[language]
    return rules.CELL[language].format(
        form=cell.form,
        verb=cell.verb,
        tense=rules.TENSE[language][cell.tense],
        person=rules.PERSON[language][cell.person],
        rule=_rule(cell, language),
        spanish=grid.spanish(cell.verb, cell.tense, cell.person),
    )
