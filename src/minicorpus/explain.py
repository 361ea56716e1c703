"""What a correction says to a learner: verb, tense, person and rule, in English or Spanish.

It looks the change up among the mistakes of the grid and reads the subject before it; where that gives no
single cell it says so instead of guessing.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from minicorpus import grid, rules
from minicorpus.mistakes import auxiliary, mistakes
from minicorpus.rules import Language

_WORD: Final = re.compile(r"\w+(?:['\u2019\-]\w+)*|[^\w\s]")
_PRONOUNS: Final = {"i": "1sg", "you": "2sg", "he": "3sg", "she": "3sg", "it": "3sg"}
_HAVE: Final = frozenset({"have", "has", "had", "haven't", "hasn't", "hadn't"})
_BARE: Final = frozenset(
    {"to", "do", "does", "did", "don't", "doesn't", "didn't", "can", "cannot", "can't", "could", "must"}
    | {"should", "may", "might", "would", "will", "won't"}
)
_BETWEEN: Final = frozenset(
    {"always", "often", "usually", "never", "sometimes", "seldom", "already", "just", "also", "still", "ever", "soon"}
    | {"first", "not", "once", "now", "then", "am", "are", "is", "was", "were", "going", "no", "time", "rather"}
    | {"better", "even", "only", "almost", "at", "least", "longer", "somehow", "later", "so", "nevertheless", "hardly"}
)
_DETERMINERS: Final = frozenset(
    {"the", "a", "an", "my", "your", "his", "her", "our", "their", "this", "these", "those", "some", "many", "all"}
)
_BOUNDARIES: Final = frozenset(
    {",", ";", ":", ".", "and", "but", "because", "when", "while", "if", "after", "before", "since", "or"}
    | {"although", "until", "whenever", "though", "unless", "whereas"}
)
_LONGEST: Final = 4
_NEAR: Final = 4
Words = tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """A place in the grid and the form that was put there."""

    verb: str
    tense: str
    person: str
    form: str


def _words(text: str) -> Words:
    return tuple(word.lower() for word in _WORD.findall(text))


def _grid_cells() -> Iterable[tuple[str, str, str]]:
    return ((v, t, p) for v in grid.VERBS for t in grid.TENSES for p in grid.PERSONS)


@cache
def _by_change() -> dict[tuple[Words, Words], list[Cell]]:
    """Index every mistake of the grid by what is written and what should be."""
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
    """Return how many words two sequences share from their start."""
    count = 0
    while count < min(len(a), len(b)) and a[count] == b[count]:
        count += 1
    return count


def _contains(words: Words, part: Words) -> bool:
    return any(words[i : i + len(part)] == part for i in range(len(words) - len(part) + 1))


def _governor(before: Words) -> str | None:
    """Return the tense that the words just before a form ask for, if they ask for one."""
    for word in reversed(before[-_NEAR:]):
        if word in _HAVE:
            return "past_participle"
        if word in _BARE:
            return "infinitive"
        if word not in _BETWEEN and not word.endswith("ly"):
            return None
    return None


def _begins(before: Words, i: int) -> bool:
    """Whether a clause begins after a word; "that" also points, as in "that room"."""
    if before[i] == "that":
        return before[i + 1 : i + 2] != () and before[i + 1] in _PRONOUNS.keys() | _DETERMINERS
    return before[i] in _BOUNDARIES


def _clause(before: Words) -> Words:
    """Return the words since the last mark or linking word."""
    return before[max((i + 1 for i in range(len(before)) if _begins(before, i)), default=0) :]


def _person(before: Words, names: frozenset[str]) -> str:
    """Return the person of the subject before a form; nouns and names are the third.

    The infinitive has no subject of its own: there it is the pronoun that its clause begins with.
    """
    clause = _clause(before)
    if _governor(before) == "infinitive":
        first = next((word for word in clause if word in _PRONOUNS), None)
        if first is not None and not any(w in _DETERMINERS | names for w in clause[: clause.index(first)]):
            return _PRONOUNS[first]
    for word in reversed(clause):
        if word in _PRONOUNS:
            return _PRONOUNS[word]
        if word in _DETERMINERS or word in names:
            return "3sg"
    return "3sg"


def _names(text: str) -> frozenset[str]:
    """Return the words that are written with a capital inside a sentence, apart from "I"."""
    found = _WORD.findall(text)[1:]
    return frozenset(word.lower() for word in found if word[0].isupper() and word != "I")


def _choose(cells: list[Cell], before: Words, names: frozenset[str]) -> Cell | None:
    """Return the one cell that fits the words before the form."""
    person, tense = _person(before, names), _governor(before)
    fitting = [c for c in cells if c.person == person]
    asked = [c for c in fitting if c.tense == tense]
    free = [c for c in fitting if c.tense not in {"infinitive", "past_participle"}]
    chosen = asked or ([] if tense else free)
    return chosen[0] if len({(c.verb, c.tense) for c in chosen}) == 1 else None


def _changed(old: Words, new: Words, names: frozenset[str]) -> Cell | None:
    """Find the cell of a change: the longest known mistake over it, else the form that now stands there."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    stop_old, stop_new = len(old) - tail, len(new) - tail
    spans = [
        (first, after)
        for first in range(max(0, head - _LONGEST + 1), head + 1)
        for after in range(min(tail, _LONGEST - 1) + 1)
    ]
    for first, after in sorted(spans, key=lambda s: s[0] - s[1]):
        cells = _by_change().get((old[first : stop_old + after], new[first : stop_new + after]))
        if cells and (cell := _choose(cells, new[:first], names)):
            return cell
    for first, after in sorted(spans, key=lambda s: s[0] - s[1]):
        form = new[first : stop_new + after]
        cells = _by_form().get(form)
        if (
            cells
            and not _contains(old[first : stop_old + after], form)
            and (cell := _choose(cells, new[:first], names))
        ):
            return cell
    return None


def _participle(old: Words, new: Words, names: frozenset[str]) -> Cell | None:
    """Find the cell where only the auxiliary was changed."""
    head = _common(old, new)
    if len(old) != len(new) or old[head + 1 :] != new[head + 1 :]:
        return None
    person = _person(new[:head], names)
    if {old[head], new[head]} != {"have", "has"} or new[head] != auxiliary(person):
        return None
    for word in new[head + 1 : head + 1 + _NEAR]:
        for cell in _by_form().get((word,), []):
            if cell.tense == "past_participle" and cell.person == person:
                return cell
    return None


def find_cell(sentence: str, correction: str) -> Cell | None:
    """Return the cell of the grid that a correction is about, or None where it is outside or unclear."""
    old, new = _words(sentence), _words(correction)
    if old == new:
        return None
    names = _names(correction)
    return _participle(old, new, names) or _changed(old, new, names)


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
        rule=rules.rule(cell.verb, cell.tense, cell.person, language),
        spanish=grid.spanish(cell.verb, cell.tense, cell.person),
    )
