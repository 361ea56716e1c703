"""Answers to the eval set's items, right, wrong and perturbed, and one digest over all their grades.

Imports nothing of the grader, so that the same file runs under an older one: the parser and the grader are arguments.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

SUFFIXES = ("s", "ed", "ing")
WORDS = ("is", "have", "will", "went")


def digest(items: Iterable[Any], grade: Callable[[Any, str | None], Any], model_answers: dict[str, list[str]]) -> str:
    """Return the SHA-256 over a line of JSON for every grade: item, answer, correct, error, changed, correction."""
    found = hashlib.sha256()
    for item in items:
        for answer in (*model_answers.get(item.sentence, ()), *answers(item.sentence, item.accepted)):
            given = grade(item, answer)
            line = [item.id, answer, given.correct, given.error, given.changed, given.correction]
            found.update(json.dumps(line).encode() + b"\n")
    return found.hexdigest()


def by_models(lines: Iterable[str]) -> dict[str, list[str]]:
    """Return both models' answers by sentence, out of tests/golden/reference_answers.jsonl.

    An edit "works > work" is carried out on the sentence, so that real answers are graded, too.
    """
    found: dict[str, list[str]] = {}
    for line in lines:
        raw = json.loads(line)
        for edit in (raw[model] for model in "AB" if model in raw):
            before, _, after = edit.partition(" > ")
            found.setdefault(raw["sentence"], []).append(raw["sentence"].replace(before, after, 1))
    return found


def answers(sentence: str, accepted: Iterable[str]) -> Iterator[str | None]:
    """Yield no answer, the sentence, every accepted one, and each with one thing changed."""
    yield from (None, "", " \t", sentence)
    for right in accepted:
        yield from (right, f"  {right} ", right.replace(" ", "  "), right.casefold(), right.upper(), right[:-1])
        words = right.split(" ")
        for place, word in enumerate(words):
            for other in _changed(word):
                yield " ".join((*words[:place], *other, *words[place + 1 :]))


def _changed(word: str) -> Iterator[tuple[str, ...]]:
    """Yield the word left out, doubled, misspelt, inflected, and replaced by another verb."""
    yield from ((), (word, word), (word[:-1],), (word + word[-1],), (word[1:],), (word[:1] + word,))
    yield (word[1::-1] + word[2:],)
    yield from ((word + suffix,) for suffix in SUFFIXES)
    yield from ((other,) for other in WORDS)
