"""The edit language in which a model answers.

`=` means no change. `wrong > right` replaces a span of whole words. Several edits are joined with ` ; `, and all of
them are located in the original sentence. `wrong 2 > right` replaces the second occurrence. An edit is 5 tokens on
average where the whole sentence is 26, so it is faster to generate and leaves fewer places for errors.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from minimodel.errors import EditNotExpressible

UNCHANGED: Final = "="
# A word keeps its inner apostrophes and hyphens ("don't", "part-time"); every other mark stands alone.
_TOKEN: Final = re.compile(r"\w+(?:['\u2019\-]\w+)*|[^\w\s]")
_EDIT: Final = re.compile(r"(?P<wrong>\S.*?)(?: (?P<nth>[1-9][0-9]{0,2}))? > (?P<right>\S.*)", re.DOTALL)


@dataclass(frozen=True)
class Applied:
    """A sentence after an edit. If `applied` is false, the answer was unusable and the text is unchanged."""

    text: str
    applied: bool


@dataclass(frozen=True)
class _Token:
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class _Replacement:
    start: int
    end: int
    text: str


def _tokens(text: str) -> list[_Token]:
    return [_Token(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text)]


def _occurrences(sentence: list[_Token], wrong: list[str], *, fold: bool) -> list[tuple[int, int]]:
    """Return (start, end), in characters, of each span of tokens equal to `wrong`, left to right."""
    have = [t.text.lower() if fold else t.text for t in sentence]
    want = [w.lower() if fold else w for w in wrong]
    size = len(want)
    return [
        (sentence[i].start, sentence[i + size - 1].end)
        for i in range(len(have) - size + 1)
        if have[i : i + size] == want
    ]


def _locate(sentence: str, tokens: list[_Token], edit: str) -> _Replacement | None:
    match = _EDIT.fullmatch(edit)
    if match is None:
        return None
    wrong = [t.text for t in _tokens(match["wrong"])]
    nth = int(match["nth"] or 1)
    right = match["right"]
    if not wrong or not right.strip() or " > " in right:
        return None
    # Exact case first: "May may" has two candidates that only case can tell apart.
    for fold in (False, True):
        found = _occurrences(tokens, wrong, fold=fold)
        if len(found) >= nth:
            start, end = found[nth - 1]
            if fold and sentence[start].isupper() and right[0].islower():
                right = right[0].upper() + right[1:]
            return _Replacement(start, end, right)
    return None


def apply_edits(sentence: str, answer: str) -> Applied:
    """Apply all edits of an answer to a sentence, or none of them.

    A span is searched as written and then ignoring case, in which case a capital first letter is kept. If any edit
    cannot be parsed or located, or if two overlap, the sentence stays unchanged.
    >>> apply_edits("He goed home.", "goed > went").text
    'He went home.'
    """
    if answer.strip() == UNCHANGED:
        return Applied(sentence, applied=True)
    tokens = _tokens(sentence)
    found = [_locate(sentence, tokens, edit.strip()) for edit in answer.split(" ; ")]
    replacements = sorted((r for r in found if r is not None), key=lambda r: r.start)
    if len(replacements) != len(found) or any(a.end > b.start for a, b in pairwise(replacements)):
        return Applied(sentence, applied=False)
    text = sentence
    # From right to left, so that the positions of earlier edits stay valid.
    for replacement in reversed(replacements):
        text = text[: replacement.start] + replacement.text + text[replacement.end :]
    return Applied(text, applied=True)


def _edit(sentence: str, tokens: list[_Token], first: int, last: int, right: str) -> str:
    """Return the edit that replaces tokens[first..last], with the number of the occurrence if needed."""
    words = [t.text for t in tokens[first : last + 1]]
    starts = [start for start, _ in _occurrences(tokens, words, fold=False)]
    nth = starts.index(tokens[first].start) + 1
    wrong = sentence[tokens[first].start : tokens[last].end]
    # Without a number, digits at the end of the span would be parsed as one.
    number = f" {nth}" if nth > 1 or words[-1].isdecimal() else ""
    return f"{wrong}{number} > {right}"


def _shape(text: str, tokens: list[_Token]) -> list[str]:
    """Return the text between and around the tokens: spacing, which edits cannot change."""
    ends = [0, *(t.end for t in tokens)]
    starts = [*(t.start for t in tokens), len(text)]
    return [text[end:start] for end, start in zip(ends, starts, strict=True)]


def _span_edit(wrong: str, old: list[_Token], right: str, new: list[_Token]) -> str:
    """Return the shortest single edit, widened by a word to the right or the left if it cannot be located."""
    shortest = min(len(old), len(new))
    # Tokens in common at the start and at the end.
    head = 0
    while head < shortest and old[head].text == new[head].text:
        head += 1
    tail = 0
    while tail < shortest - head and old[-1 - tail].text == new[-1 - tail].text:
        tail += 1
    for first, after in ((head, tail), (head, tail - 1), (head - 1, tail), (head - 1, tail - 1)):
        last_old, last_new = len(old) - after - 1, len(new) - after - 1
        if first < 0 or after < 0 or first > min(last_old, last_new):
            continue
        answer = _edit(wrong, old, first, last_old, right[new[first].start : new[last_new].end])
        if apply_edits(wrong, answer).text == right:
            return answer
    raise EditNotExpressible(wrong, right)


def edits_between(wrong: str, right: str) -> str:
    """Return the answer that turns `wrong` into `right`.

    Uses one edit per changed word if the number of words is the same, otherwise the shortest span. Raises
    EditNotExpressible for changes that the language cannot express, such as spacing, or edit marks in the text.
    >>> edits_between("He going to eat.", "He is going to eat.")
    'going > is going'
    """
    if wrong == right:
        return UNCHANGED
    old, new = _tokens(wrong), _tokens(right)
    if not old or not new:
        raise EditNotExpressible(wrong, right)
    if _shape(wrong, old) == _shape(right, new):
        changed = [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a.text != b.text]
        answer = " ; ".join(_edit(wrong, old, i, i, new[i].text) for i in changed)
    else:
        answer = _span_edit(wrong, old, right, new)
    if apply_edits(wrong, answer).text != right:
        raise EditNotExpressible(wrong, right)
    return answer
