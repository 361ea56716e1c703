"""Sentence frames: each one fixes the tense of the verb form that stands in it.

Slots: {S} subject, {V} the verb form, {O} its complement, {have} the participle's auxiliary, {F} a
frequency adverb, {T} a time phrase of the tense.
{a|b} is a for I and you, b for the third person; {a|b|c} is by person.
"""

from dataclasses import dataclass
from typing import Final

from minicorpus import fresh
from minicorpus.phrases import Side

_TRAIN: Final[dict[str, tuple[str, ...]]] = {
    "infinitive": (
        "{S} {want|wants} to {V} {O}",
        "{S} {need|needs} to {V} {O}",
        "{S} {have|has} to {V} {O}",
        "{S} {like|likes} to {V} {O}",
        "{S} {hope|hopes} to {V} {O}",
        "{S} wanted to {V} {O}",
        "{S} decided to {V} {O}",
        "{S} tried to {V} {O}",
        "{S} can {V} {O}",
        "{S} must {V} {O}",
        "{S} should {V} {O}",
        "{S} could {V} {O}",
        "{S} may {V} {O}",
        "{S} {do|does} not {V} {O}",
        "{S} {don't|doesn't} {V} {O}",
        "{S} did not {V} {O}",
        "{S} didn't {V} {O}",
        "{S} {am|are|is} ready to {V} {O}",
        "{S} {am|are|is} happy to {V} {O}",
        "{S} cannot {V} {O}",
        "{S} would like to {V} {O}",
        "{S} never {want|wants} to {V} {O}",
        "{S} {do|does} not want to {V} {O}",
        "{S} used to {V} {O}",
    ),
    "present_simple": (
        "{S} {V} {O} {T}",
        "{T}, {S} {V} {O}",
        "{S} {F} {V} {O}",
        "{S} {F} {V} {O} {T}",
        "{T}, {S} {F} {V} {O}",
    ),
    "past_simple": (
        "{S} {V} {O} {T}",
        "{T}, {S} {V} {O}",
        "{T} {S} {V} {O}",
        "{T}, {S} finally {V} {O}",
        "{S} suddenly {V} {O} {T}",
    ),
    "past_participle": (
        "{S} {have} {V} {O}",
        "{S} {have} already {V} {O}",
        "{S} {have} never {V} {O}",
        "{S} {have} just {V} {O}",
        "{S} {have} not {V} {O}",
        "{S} {have} {V} {O} {T}",
        "{S} {have} always {V} {O}",
        "{S} {have} often {V} {O} {T}",
        "{S} {have} not {V} {O} yet",
    ),
    "future": (
        "{S} {V} {O} {T}",
        "{T}, {S} {V} {O}",
        "{T} {S} {V} {O}",
        "{S} {V} {O} with pleasure {T}",
    ),
}
_HELD: Final[dict[str, tuple[str, ...]]] = {
    "infinitive": (
        "{S} {plan|plans} to {V} {O}",
        "{S} managed to {V} {O}",
        "{S} might {V} {O}",
        "{S} {do|does} not often {V} {O}",
        "{S} {am|are|is} able to {V} {O}",
        "{S} promised to {V} {O}",
    ),
    "present_simple": (
        "{S} {V} {O} again and again {T}",
        "{S} still {V} {O} {T}",
        "as a rule, {S} {V} {O} {T}",
        "{S} hardly ever {V} {O}",
        "{T} {S} {V} {O}",
    ),
    "past_simple": (
        "{S} first {V} {O} {T}",
        "it was {T} when {S} {V} {O}",
        "{S} {V} {O} for the last time {T}",
        "only {T}, {S} {V} {O}",
    ),
    "past_participle": (
        "{S} {have} recently {V} {O}",
        "{S} {have} {V} {O} more than once {T}",
        "by now, {S} {have} {V} {O}",
        "{S} {have} still not {V} {O}",
    ),
    "future": (
        "{S} {V} {O} again {T}",
        "maybe {S} {V} {O} {T}",
        "from {T} on, {S} {V} {O}",
        "{S} certainly {V} {O} {T}",
    ),
}
_TIMES: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "present_simple": (
        (
            "every day",
            "every morning",
            "every evening",
            "on {day}s",
            "every {day}",
            "every week",
            "every summer",
            "twice a week",
            "once a month",
            "at weekends",
            "these days",
            "nowadays",
            "most mornings",
            "every year",
            "on weekdays",
            "{number} times a week",
            "all the time",
            "each night",
        ),
        (
            "every afternoon",
            "on holidays",
            "every single night",
            "each winter",
            "once a year",
            "on most {day}s",
        ),
    ),
    "past_simple": (
        (
            "yesterday",
            "last week",
            "last night",
            "last year",
            "{number} days ago",
            "{number} years ago",
            "an hour ago",
            "yesterday morning",
            "last {day}",
            "in {year}",
            "last summer",
            "a week ago",
            "last month",
            "a long time ago",
            "yesterday evening",
            "on {day} last week",
            "the day before yesterday",
        ),
        ("last winter", "{number} minutes ago", "yesterday afternoon", "last weekend", "in May {year}"),
    ),
    "past_participle": (
        (
            "many times",
            "before",
            "this week",
            "since {day}",
            "for {number} years",
            "twice",
            "so far",
            "lately",
            "since {year}",
            "{number} times",
            "today",
            "for a long time",
        ),
        ("for ages", "since last summer", "until now", "this month", "for {number} hours"),
    ),
    "future": (
        (
            "tomorrow",
            "next week",
            "next year",
            "next {day}",
            "in {number} days",
            "tomorrow morning",
            "soon",
            "the day after tomorrow",
            "next month",
            "in the future",
            "in {number} years",
            "next summer",
            "tomorrow evening",
            "one day",
        ),
        ("next winter", "in an hour", "tomorrow afternoon", "next weekend", "in {number} weeks"),
    ),
    "infinitive": (
        ("", "", "today", "now", "here", "every day", "this week", "on {day}", "at night", "again"),
        ("", "this evening", "at noon", "right away"),
    ),
}
_FREQUENCY: Final = (
    ("always", "often", "usually", "never", "sometimes", "rarely", "normally", "generally"),
    ("seldom", "frequently", "regularly"),
)


@dataclass(frozen=True)
class Frame:
    """A pattern with its tense; `id` is stable and says on which side of the split it is."""

    id: str
    tense: str
    pattern: str

    @property
    def takes_be(self) -> bool:
        """Whether "be" can stand here: do-support does not go with it."""
        return not any(word in self.pattern for word in ("{do|does}", "don't", "did not", "didn't"))


def frames(tense: str, side: Side) -> tuple[Frame, ...]:
    """Return the frames of a tense on one side of the split."""
    patterns = {"train": _TRAIN, "held": _HELD, "fresh": fresh.FRAMES}[side][tense]
    return tuple(Frame(f"{side}-{tense}-{i:02d}", tense, pattern) for i, pattern in enumerate(patterns))


def times(tense: str, side: Side) -> tuple[str, ...]:
    """Return the time phrases that go with a tense."""
    return fresh.TIMES[tense] if side == "fresh" else _TIMES[tense][side == "held"]


def frequencies(side: Side) -> tuple[str, ...]:
    """Return the adverbs of frequency."""
    return fresh.FREQUENCIES if side == "fresh" else _FREQUENCY[side == "held"]
