"""A second list of words, frames and clauses, written before it was scored and scored once, at the end.

It takes the place of a list that was scored and read. Training reads none of it and nobody tunes by it. Its
hash is pinned by a test.
"""

from typing import Final

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("Gustav", "Leila", "Fergus", "Mrs Lancaster", "Keiko", "Amara", "Winston", "Mr Pemberton"),
    "person": ("detective", "barber", "florist", "referee", "bishop", "janitor", "godmother", "archaeologist"),
    "people": ("triplets", "athletes", "nuns", "rivals", "astronauts"),
    "thing": (
        "wheelbarrow",
        "mattress",
        "trophy",
        "magnet",
        "razor",
        "curtain",
        "statue",
        "hamster",
        "jacket",
        "oven",
    ),
    "things": ("marbles", "ribbons", "cushions", "bricks", "needles", "geese"),
    "food": ("a muffin", "cabbage", "lobster", "an artichoke", "raspberries", "popcorn", "a pretzel"),
    "place": ("the lighthouse", "the vineyard", "Brazil", "the cathedral", "the basement", "Vienna", "the orchard"),
    "game": ("snooker", "backgammon", "lacrosse", "laser tag"),
    "instrument": ("the bagpipes", "the tuba", "the mandolin"),
    "subject": ("anthropology", "Latin", "politics", "geometry"),
    "show": ("a sitcom", "the ballet", "an eclipse", "the debate"),
    "audio": ("the symphony", "the sirens", "bossa nova", "the anthem"),
    "task": ("the jigsaw", "the blueprint", "the chapter", "the renovation"),
    "chore": ("the mopping", "aerobics", "the filing", "the errands"),
    "text": ("a sonnet", "a manifesto", "a summary", "limericks", "a fable"),
    "adjective": ("anxious", "gloomy", "seasick", "witty", "restless", "humble"),
    "quality": ("crooked", "silver", "elegant", "gigantic", "spotted"),
    "profession": ("a mechanic", "an optician", "a diplomat", "a lifeguard"),
}
FRAMES: Final[dict[str, tuple[str, ...]]] = {
    "infinitive": (
        "{S} {deserve|deserves} to {V} {O}",
        "{S} {am|are|is} determined to {V} {O}",
        "{S} should nonetheless {V} {O}",
        "{S} {have|has} permission to {V} {O}",
        "{S} hesitated to {V} {O}",
    ),
    "present_simple": (
        "to this day, {S} {F} {V} {O}",
        "{S} {V} {O} {T} without exception",
        "like clockwork, {S} {V} {O} {T}",
        "{T}, if necessary, {S} {V} {O}",
    ),
    "past_simple": (
        "{S} {V} {O} by coincidence {T}",
        "on a whim, {S} {V} {O} {T}",
        "{T}, of all times, {S} {V} {O}",
        "out of nowhere, {S} {V} {O} {T}",
    ),
    "past_participle": (
        "{S} {have} apparently {V} {O} {T}",
        "{S} {have} presumably {V} {O}",
        "it is a shame that {S} {have} {V} {O}",
        "{S} {have} {V} {O} in the meantime",
    ),
    "future": (
        "{S} {V} {O} {T} at the earliest",
        "as of {T}, {S} {V} {O}",
        "{S} {V} {O}, weather permitting, {T}",
        "inevitably, {S} {V} {O} {T}",
    ),
}
TIMES: Final[dict[str, tuple[str, ...]]] = {
    "present_simple": ("every fortnight", "each July", "every semester", "on birthdays"),
    "past_simple": ("last August", "a decade ago", "in October {year}", "the night before last"),
    "past_participle": ("since November", "for decades", "countless times", "ever since childhood"),
    "future": ("next September", "a fortnight from now", "the week after next", "{number} decades from now"),
    "infinitive": ("", "at sunset", "in disguise", "for a change"),
}
FREQUENCIES: Final = ("invariably", "periodically", "routinely")
MODIFIERS: Final = ("opposite {place}", "who collects {things}", "holding {a_thing}", "who retired to {place}")
ACTIONS: Final = (
    ("push|pushes|pushed", "{a_thing}"),
    ("polish|polishes|polished", "{a_thing}"),
    ("escape|escapes|escaped", "from {place}"),
    ("ignore|ignores|ignored", "{person}"),
    ("whisper|whispers|whispered", "to {person}"),
    ("steal|steals|stole", "{a_thing}"),
    ("knit|knits|knitted", "socks"),
)
THINKING: Final = (
    ("argue|argues|argued", ""),
    ("notify|notifies|notified", " {object_pronoun}"),
    ("conclude|concludes|concluded", ""),
    ("confess|confesses|confessed", " to {the_people}"),
    ("pretend|pretends|pretended", ""),
    ("declare|declares|declared", ""),
)
STATES: Final = ("astonished", "of the view", "adamant", "embarrassed", "horrified")
IMPERSONAL: Final = (
    "it is common knowledge that",
    "my theory is that",
    "evidence suggests that",
    "here is the catch:",
    "it is a miracle that",
    "you may recall that",
    "the label states that",
    "it strikes me that",
)
LEADS: Final = (
    "frankly,",
    "regarding {a_thing},",
    "in public,",
    "mind you,",
    "much to my regret,",
    "alongside {the_people},",
    "for lack of {things},",
    "outside {place},",
)
JOINING: Final = ("provided that", "considering that", "the instant", "on condition that")
TAILS: Final = (
    "in exchange for {a_thing}",
    "in the company of {the_people}",
    ", needless to say",
    "for the sake of {person}",
    ", to put it mildly",
    "inside {place}",
)
LINKS: Final = ("provided that", "the instant", "no matter whether", ", and therefore", "in the event that")
