"""The training text: a stream of plain sentences, copying drills and correction pairs, determined by a seed.

The text is cheap to generate and large to store, so it is generated wherever it is needed and identified by its hash.
"""

import hashlib
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from minicorpus import grid
from minicorpus.mistakes import Mistake, mistakes
from minicorpus.sentences import clauses
from minicorpus.sentences.example import Example, Surroundings, example, fitting
from minicorpus.sentences.frames import untimed
from minicorpus.split import is_held_out
from minicorpus.vocabulary.phrases import Source

Kind = Literal["plain", "drill", "pair", "right"]
# The base model sees corrections of these verbs only: it learns the format, and leaves the adapter much to improve.
WEAK_VERBS: Final = ("work", "play", "walk", "talk", "listen", "watch", "look")
# Leaves a good quarter of the sentences without lead and tail.
_TRAINING: Final = Surroundings(lead=0.5, tail=0.45, adverb=0.07)


@dataclass(frozen=True)
class Document:
    """One training document.

    `text` is a sentence. `target` is the corrected sentence of a pair, the words to copy of a drill, the sentence
    itself if nothing is wrong, or None for plain text. `example` is None for drills, which have no cell of the grid.
    """

    kind: Kind
    text: str
    target: str | None
    example: Example | None


@dataclass(frozen=True)
class Mix:
    """Shares of the kinds of document (the rest are pairs) and of invented words.

    `untimed` is the share of pairs and right sentences in which only the verb form shows the tense ("He goed home.").
    """

    plain: float
    drill: float
    right: float
    invention: float
    verbs: tuple[str, ...] = grid.VERBS
    untimed: float = 0.0


BASE: Final = Mix(plain=0.45, drill=0.2, right=0.09, invention=0.25, verbs=WEAK_VERBS)
# "Be" and "do" have more forms and more mistakes than the other verbs, so they are drawn twice as often.
ADAPTER: Final = Mix(plain=0.0, drill=0.0, right=0.28, invention=0.25, verbs=(*grid.VERBS, "be", "do"), untimed=0.12)
# The most common kinds of mistake.
_EVERYDAY: Final = frozenset(
    {"missing_s", "missing_will", "past_for_participle", "bare_form", "present_for_past", "wrong_auxiliary", "wrong_be"}
)
_EVERYDAY_WEIGHT: Final = 2
# Mistakes that show the intended tense without a time phrase.
_TELLING: Final = {
    "present_simple": frozenset({"missing_s", "extra_s", "over_regular", "wrong_be"}),
    "past_simple": frozenset({"over_regular", "participle_for_past", "doubled_marking"}),
    "future": frozenset({"extra_s", "extra_to", "missing_be", "wrong_be", "doubled_marking"}),
}


def _cell(rng: random.Random, verbs: tuple[str, ...]) -> tuple[str, str, str]:
    return rng.choice(verbs), rng.choice(grid.TENSES), rng.choice(grid.PERSONS)


def _seen(verb: str, tense: str, person: str) -> list[Mistake]:
    return [m for m in mistakes(verb, tense, person) if not is_held_out(verb, tense, person, m.kind)]


def _everyday_first(rng: random.Random, some: list[Mistake]) -> Mistake:
    """Choose a mistake. Common kinds have few wrong forms, so they get twice the weight."""
    return rng.choices(some, [_EVERYDAY_WEIGHT if m.kind in _EVERYDAY else 1 for m in some])[0]


def _example(source: Source, verbs: tuple[str, ...], *, wrong: bool) -> Example:
    rng = source.rng
    verb, tense, person = _cell(rng, verbs)
    # In a few cells every mistake is held out. Those appear in right sentences only.
    while wrong and not _seen(verb, tense, person):
        verb, tense, person = _cell(rng, verbs)
    mistake = _everyday_first(rng, _seen(verb, tense, person)) if wrong else None
    frame = rng.choice(fitting("train", verb, tense, mistake))
    return example(source, frame, verb, person, mistake, around=_TRAINING)


def _untimed(source: Source, *, wrong: bool) -> Example:
    """Return a sentence without a time phrase, whose form alone shows the tense, as "goed" does."""
    rng = source.rng
    while True:
        verb, tense, person = rng.choice(grid.VERBS), rng.choice(tuple(_TELLING)), rng.choice(grid.PERSONS)
        if not wrong:
            return example(source, untimed(tense), verb, person, None, around=_TRAINING)
        telling = [m for m in _seen(verb, tense, person) if m.kind in _TELLING[tense]]
        if telling:
            return example(source, untimed(tense), verb, person, rng.choice(telling), around=_TRAINING)


def _drill(source: Source) -> Document:
    """Return a drill: one to three words of a sentence in brackets, which the answer copies.

    Copying is what an edit needs most, and the base model learns it on words of any kind.
    """
    words = clauses.clause(source).split() + clauses.tail(source).split()
    size = source.rng.choice((1, 1, 2, 3))
    at = source.rng.randrange(max(1, len(words) - size))
    stretch = " ".join(words[at : at + size])
    text = " ".join((*words[:at], "[", stretch, "]", *words[at + size :])).replace(" ,", ",")
    return Document("drill", text, stretch, None)


def _pick(source: Source, mix: Mix, *, wrong: bool) -> Example:
    if mix.untimed and source.rng.random() < mix.untimed:
        return _untimed(source, wrong=wrong)
    return _example(source, mix.verbs, wrong=wrong)


def _document(source: Source, mix: Mix) -> Document:
    draw = source.rng.random()
    if draw < mix.plain:
        made = _example(source, grid.VERBS, wrong=False)
        return Document("plain", made.sentence, None, made)
    if draw < mix.plain + mix.drill:
        return _drill(source)
    if draw < mix.plain + mix.drill + mix.right:
        made = _pick(source, mix, wrong=False)
        return Document("right", made.sentence, made.sentence, made)
    made = _pick(source, mix, wrong=True)
    return Document("pair", made.sentence, made.accepted[0], made)


def text_seed(seed: int, run: str) -> int:
    """Return the seed of a run's text. Base and adapter train on different sentences."""
    return seed * 10 + (1 if run == "base" else 2)


def documents(seed: int, count: int, mix: Mix) -> Iterator[Document]:
    """Yield `count` documents of a mix. The same arguments give the same text on every machine."""
    rng = random.Random(seed)  # noqa: S311 - sentences, not secrets
    source = Source(rng, "train", mix.invention)
    for _ in range(count):
        yield _document(source, mix)


def digest(made: Iterable[Document]) -> str:
    """Return the SHA-256 of the documents, one canonical JSON line each."""
    sha = hashlib.sha256()
    for document in made:
        line = [document.kind, document.text, document.target]
        sha.update(json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")
    return sha.hexdigest()
