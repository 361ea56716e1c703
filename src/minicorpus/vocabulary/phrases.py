"""Noun phrases and fillers (who acts, on what, where), drawn from one side of the split.

Probabilities are set by hand: varied enough that a model cannot rely on one pattern.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from minicorpus.vocabulary import fresh, invented
from minicorpus.vocabulary.words import WORDS

_T = TypeVar("_T")
Side = Literal["train", "held", "fresh"]
_DETERMINERS: Final = ("the", "a", "my", "your", "his", "her", "our", "their", "this", "that")
_OWNERS: Final = ("the", "my", "your", "his", "her", "our", "their")
_PLURAL_DETERMINERS: Final = ("the", "my", "your", "some", "these", "those", "many", "our", "two", "all the")
_PRONOUNS: Final = ("he", "she")
# A second noun between subject and verb, to teach that the verb agrees with the first ("the boy with the dogs runs").
_MODIFIERS: Final = (
    "with {the_people}",
    "from {place}",
    "with {a_thing}",
    "of {the_people}",
    "next to {place}",
    "who {relative}",
    "behind {place}",
    "with the {quality} {bare_things}",
    "opposite {place}",
    "who collects {things}",
    "holding {a_thing}",
    "who retired to {place}",
)
_RELATIVES: Final = (
    "lives next door",
    "speaks four languages",
    "knows everybody",
    "sits near the window",
    "lives in {place}",
    "loves {things}",
    "helps {the_people}",
    "sold {a_thing}",
    "needs {a_thing}",
    "works here",
    "wears {a_thing}",
    "met {the_people}",
)
_MODIFIERS_HELD: Final = (
    "near {place}",
    "whose {thing} is {quality}",
    "who repairs {things}",
    "who moved to {place}",
)


@dataclass(frozen=True)
class Source:
    """Where text is drawn from: a random generator, a side of the split, and the share of invented words.

    `words` is the side of the content words, if it differs from the side of frames and clauses.
    """

    rng: random.Random
    side: Side
    invention: float
    words: Side | None = None

    def invents(self) -> bool:
        """Draw whether the next word is invented."""
        return self.rng.random() < self.invention

    def word(self, kind: str) -> str:
        """Draw a word of a kind from this source's side."""
        return self.rng.choice(
            _of_side(self.words or self.side, WORDS[kind].train, WORDS[kind].held, fresh.WORDS[kind])
        )

    def pick(self, train: tuple[_T, ...], held: tuple[_T, ...], new: tuple[_T, ...]) -> _T:
        """Draw a phrase from this source's side."""
        return self.rng.choice(_of_side(self.side, train, held, new))


def _of_side(side: Side, train: tuple[_T, ...], held: tuple[_T, ...], new: tuple[_T, ...]) -> tuple[_T, ...]:
    return {"train": train, "held": held, "fresh": new}[side]


def _article(noun: str, determiner: str) -> str:
    if determiner == "a" and noun[0].lower() in "aeiou":
        return f"an {noun}"
    return f"{determiner} {noun}"


def _qualified(source: Source, noun: str) -> str:
    if source.rng.random() < 0.25:
        return f"{invented.word(source.rng) if source.invents() else source.word('quality')} {noun}"
    return noun


def thing(source: Source) -> str:
    """Return a singular thing with its determiner."""
    noun = invented.word(source.rng) if source.invents() else source.word("thing")
    return _article(_qualified(source, noun), source.rng.choice(_DETERMINERS))


def bare_things(source: Source) -> str:
    """Return a plural thing without a determiner, as after "more"."""
    return _qualified(source, invented.plural(source.rng) if source.invents() else source.word("things"))


def things(source: Source) -> str:
    """Return a plural thing with its determiner."""
    determiner = source.rng.choice(_PLURAL_DETERMINERS)
    return f"{determiner} {bare_things(source)}"


def person(source: Source) -> str:
    """Return one person as a name or noun phrase."""
    if source.rng.random() < 0.4:
        return invented.name(source.rng) if source.invents() else source.word("name")
    noun = invented.word(source.rng) if source.invents() else source.word("person")
    return _article(_qualified(source, noun), source.rng.choice(_OWNERS))


def people(source: Source) -> str:
    """Return several people, as a plural noun phrase."""
    noun = invented.plural(source.rng) if source.invents() else source.word("people")
    return f"{source.rng.choice(_PLURAL_DETERMINERS)} {noun}"


def place(source: Source) -> str:
    """Return a place with its determiner."""
    if source.invents():
        return source.rng.choice((f"the {invented.word(source.rng)}", invented.name(source.rng)))
    return source.word("place")


_PHRASES: Final[dict[str, Callable[[Source], str]]] = {
    "a_thing": thing,
    "things": things,
    "bare_things": bare_things,
    "person": person,
    "the_people": people,
    "place": place,
    "invented_adverb": lambda source: invented.adverb(source.rng),
    "invented": lambda source: invented.word(source.rng),
    "invented_plural": lambda source: invented.plural(source.rng),
    "person_noun": lambda source: source.word("person"),
    "object_pronoun": lambda source: source.rng.choice(("him", "her", "them", "us", "me", "you", "it")),
    "year": lambda source: str(source.rng.randint(1985, 2024)),
    "number": lambda source: source.rng.choice(("two", "three", "four", "five", "six", "ten", "a few")),
    "day": lambda source: source.rng.choice(
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    ),
}


def _filler(source: Source, slot: str) -> str:
    if slot in _PHRASES:
        return _PHRASES[slot](source)
    if slot == "relative":
        return fill(source, source.rng.choice(_RELATIVES))
    if source.invents():
        made = invented.word(source.rng)
        return f"the {made}" if source.word(slot).startswith(("the ", "a ", "an ")) else made
    return source.word(slot)


def fill(source: Source, pattern: str) -> str:
    """Replace each {slot} of a pattern with a phrase of that kind."""
    # Splitting at both braces leaves the slots at odd indices. Patterns have no nested braces.
    out: list[str] = []
    for i, part in enumerate(pattern.replace("}", "{").split("{")):
        out.append(_filler(source, part) if i % 2 else part)
    return "".join(out)


def subject(source: Source, person_label: str) -> str:
    """Return a subject in a grammatical person; lower case except for names and "I"."""
    if person_label == "1sg":
        return "I"
    if person_label == "2sg":
        return "you"
    draw = source.rng.random()
    if draw < 0.3:
        return source.rng.choice(_PRONOUNS)
    who = person(source)
    if draw > 0.85 and who[0].islower():
        return f"{who} {fill(source, source.pick(_MODIFIERS, _MODIFIERS_HELD, fresh.MODIFIERS))}"
    return who
