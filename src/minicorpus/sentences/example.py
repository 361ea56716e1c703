"""Builds whole sentences: fills a frame, adds clauses around it, and puts a mistake in."""

import re
from dataclasses import dataclass
from typing import Final

from minicorpus import grid
from minicorpus.mistakes import Mistake, auxiliary
from minicorpus.sentences import clauses
from minicorpus.sentences.complements import complement
from minicorpus.sentences.frames import Frame, fillers, frames
from minicorpus.sentences.times import frequencies, times
from minicorpus.vocabulary import invented
from minicorpus.vocabulary.phrases import Side, Source, fill, subject

# Choices by person: {a|b} is 1sg and 2sg, or 3sg; {a|b|c} is 1sg, 2sg, 3sg.
_CHOICE: Final = re.compile(r"\{([^{}|]+(?:\|[^{}|]+)+)\}")
# Placeholders for the verb form and the auxiliaries. Control characters cannot clash with any word.
_MARK: Final = "\x00"
_HAVE: Final = "\x01"
_DO: Final = "\x02"
_QUESTION: Final = "?"


@dataclass(frozen=True)
class Example:
    """A learner's sentence and its corrections.

    `accepted` lists every right version, the closest to the learner's first. `mistake` is None if the sentence is
    right.
    """

    sentence: str
    accepted: tuple[str, ...]
    verb: str
    tense: str
    person: str
    mistake: str | None
    frame: str


@dataclass(frozen=True)
class Surroundings:
    """Probabilities of a lead before a sentence, a tail after it, and an adverb before its verb."""

    lead: float
    tail: float
    adverb: float


def _by_person(pattern: str, person: str) -> str:
    def choose(match: re.Match[str]) -> str:
        options = match[1].split("|")
        if len(options) == 3:
            return options[grid.PERSONS.index(person)]
        return options[person == "3sg"]

    return _CHOICE.sub(choose, pattern)


def _filled(source: Source, pattern: str, person: str) -> str:
    """Fill the slots for adverbs, catenative verbs and phrases, which only training frames have."""
    for slot, options in fillers().items():
        while f"{{{slot}}}" in pattern:
            text = source.rng.choice(options)
            if text == "{invented_verb}":
                plain, third, _ = invented.verb(source.rng)
                text = f"{{{plain}|{third}}}"
            pattern = pattern.replace(f"{{{slot}}}", text, 1)
    return _by_person(pattern, person)


def _adverbs(source: Source, pattern: str, verb: str) -> str:
    """Fill the frequency slot. The adverb follows forms of "be" and precedes other verbs."""
    adverb = source.rng.choice(frequencies(source.side))
    if verb == "be":
        pattern = pattern.replace("{F} {V}", "{V} {F}").replace("{M} {V}", "{V} {M}")
    return pattern.replace("{F}", adverb)


def _time(source: Source, tense: str) -> str:
    return fill(source, source.rng.choice(times(tense, source.side)))


def _body(source: Source, frame: Frame, verb: str, person: str) -> str:
    """Fill a frame, leaving placeholders for the verb form and the auxiliary."""
    pattern = _filled(source, _adverbs(source, frame.pattern.removesuffix(_QUESTION), verb), person)
    if frame.tense == "infinitive":
        pattern = f"{pattern} {{T}}"
    own = {
        "{S}": subject(source, person),
        "{O}": complement(source, verb),
        "{T}": _time(source, frame.tense),
        "{V}": _MARK,
        "{have}": _HAVE,
        "{do}": _DO,
    }
    for slot, text in own.items():
        pattern = pattern.replace(slot, text)
    return fill(source, pattern).rstrip()


def _finish(text: str, mark: str) -> str:
    text = text.replace(" ,", ",").replace(" ;", ";")
    return text[0].upper() + text[1:] + mark


def _surround(source: Source, body: str, around: Surroundings, *, question: bool) -> str:
    """Add an adverb, a lead and a tail at random. Questions get no lead, because the auxiliary comes first."""
    if source.rng.random() < around.adverb:
        body = body.replace(_MARK, f"{invented.adverb(source.rng)} {_MARK}", 1)
    if source.rng.random() < around.lead and not question:
        body = f"{clauses.lead(source)} {body}"
    if source.rng.random() < around.tail:
        body = f"{body} {clauses.tail(source)}"
    return body


def fitting(side: Side, verb: str, tense: str, mistake: Mistake | None) -> list[Frame]:
    """Return the frames of a tense that fit a verb and a mistake (a wrong "do" needs a frame with "do")."""
    swaps = mistake is not None and mistake.auxiliary is not None
    slot = "{do}" if tense == "infinitive" and swaps else ""
    return [f for f in frames(tense, side) if (verb != "be" or f.takes_be) and slot in f.pattern]


def example(
    source: Source, frame: Frame, verb: str, person: str, mistake: Mistake | None, *, around: Surroundings
) -> Example:
    """Fill a frame for one cell of the grid, with one mistake or none."""
    question = frame.pattern.endswith(_QUESTION)
    body = _surround(source, _body(source, frame, verb, person), around, question=question)
    right = list(grid.forms(verb, frame.tense, person))
    form = mistake.form if mistake else source.rng.choice(right)
    right.sort(key=lambda accepted: accepted != form)
    mark = _QUESTION if question else "."

    def written(surface: str, swapped: str | None = None) -> str:
        have, do = (swapped or aux for aux in (auxiliary("past_participle", person), auxiliary("infinitive", person)))
        return _finish(body.replace(_MARK, surface).replace(_HAVE, have).replace(_DO, do), mark)

    accepted = tuple(written(surface) for surface in right)
    sentence = accepted[0]
    if mistake is not None:
        sentence = written(mistake.surface, mistake.auxiliary)
    return Example(sentence, accepted, verb, frame.tense, person, mistake.kind if mistake else None, frame.id)
