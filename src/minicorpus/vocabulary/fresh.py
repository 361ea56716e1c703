"""A list of words, frames and clauses, written before it was scored and scored once, at the end.

It is the third of its kind: of the two before it, which were scored and read, the second is training material.
Training reads none of this one and nobody tunes by it. Its hash is pinned by a test.
"""

from typing import Final

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("Thierry", "Noor", "Magnus", "Mrs Whitfield", "Hiroshi", "Chiara", "Duncan", "Mr Abernathy"),
    "person": ("sculptor", "chef", "astronomer", "blacksmith", "duchess", "caretaker", "stepbrother", "goalkeeper"),
    "people": ("twins", "acrobats", "monks", "villagers", "surgeons"),
    "thing": (
        "hammock",
        "saddle",
        "typewriter",
        "cactus",
        "balloon",
        "compass",
        "fridge",
        "sofa",
        "barrel",
        "kite",
    ),
    "things": ("pebbles", "buttons", "feathers", "napkins", "wheels", "mice"),
    "food": ("a waffle", "broccoli", "shrimp", "an omelette", "blueberries", "caramel", "a doughnut"),
    "place": ("the monastery", "the canyon", "Norway", "the palace", "the attic", "Budapest", "the meadow"),
    "game": ("darts", "croquet", "softball", "paintball"),
    "instrument": ("the accordion", "the oboe", "the ukulele"),
    "subject": ("sociology", "Greek", "statistics", "calculus"),
    "show": ("a western", "the circus", "a sunset", "the finals"),
    "audio": ("the sonata", "the thunder", "reggae", "the sermon"),
    "task": ("the crossword", "the sketch", "the manuscript", "the inspection"),
    "chore": ("the weeding", "pilates", "the bookkeeping", "the packing"),
    "text": ("a ballad", "a petition", "a memo", "riddles", "a prologue"),
    "adjective": ("curious", "moody", "dizzy", "brave", "impatient", "modest"),
    "quality": ("rusty", "golden", "graceful", "enormous", "striped"),
    "profession": ("an electrician", "an architect", "a translator", "a firefighter"),
}
FRAMES: Final[dict[str, tuple[str, ...]]] = {
    "infinitive": (
        "{S} {dare|dares} to {V} {O}",
        "{S} {am|are|is} reluctant to {V} {O}",
        "{S} {have|has} every reason to {V} {O}",
        "{S} struggled to {V} {O}",
        "why {do} {S} {V} {O}?",
    ),
    "present_simple": (
        "{S} {V} {O} {T} like everyone else",
        "rain or shine, {S} {V} {O} {T}",
        "{T}, believe it or not, {S} {V} {O}",
        "{S} {F} {V} {O} without complaining",
    ),
    "past_simple": (
        "{S} {V} {O} out of boredom {T}",
        "to everyone's relief, {S} {V} {O} {T}",
        "{T}, by sheer chance, {S} {V} {O}",
        "that is how {S} {V} {O} {T}",
    ),
    "past_participle": (
        "{S} {have} evidently {V} {O} {T}",
        "it is no secret that {S} {have} {V} {O}",
        "{S} {have} {V} {O} against all odds",
        "{have} {S} by any chance {V} {O}?",
    ),
    "future": (
        "{S} {V} {O} {T} at the latest",
        "as promised, {S} {V} {O} {T}",
        "{S} {V} {O}, whatever the cost, {T}",
        "hopefully, {S} {V} {O} {T}",
    ),
}
TIMES: Final[dict[str, tuple[str, ...]]] = {
    "present_simple": ("every other day", "on alternate {day}s", "each autumn", "every quarter"),
    "past_simple": ("last autumn", "a century ago", "in December {year}", "three nights ago"),
    "past_participle": ("since January", "for ages", "dozens of times", "since primary school"),
    "future": ("next autumn", "in a couple of hours", "by this time tomorrow", "{number} months from now"),
    "infinitive": ("", "at dawn", "in silence", "by request"),
}
FREQUENCIES: Final = ("occasionally", "habitually", "repeatedly")
MODIFIERS: Final = ("beside {place}", "who owns {things}", "carrying {a_thing}", "who grew up in {place}")
ACTIONS: Final = (
    ("climb|climbs|climbed", "out of {place}"),
    ("sweep|sweeps|swept", "{place}"),
    ("deliver|delivers|delivered", "{a_thing}"),
    ("admire|admires|admired", "{person}"),
    ("shout|shouts|shouted", "at {person}"),
    ("break|breaks|broke", "{a_thing}"),
    ("bake|bakes|baked", "cakes"),
)
THINKING: Final = (
    ("claim|claims|claimed", ""),
    ("warn|warns|warned", " {object_pronoun}"),
    ("predict|predicts|predicted", ""),
    ("complain|complains|complained", " to {the_people}"),
    ("assume|assumes|assumed", ""),
    ("announce|announces|announced", ""),
)
STATES: Final = ("thrilled", "of the opinion", "unaware", "ashamed", "relieved")
IMPERSONAL: Final = (
    "it is widely believed that",
    "my impression is that",
    "history teaches that",
    "one thing is certain:",
    "it is a relief that",
    "you might have noticed that",
    "the sign says that",
    "it occurred to me that",
)
LEADS: Final = (
    "briefly,",
    "concerning {a_thing},",
    "in private,",
    "all things considered,",
    "to the delight of {the_people},",
    "for want of {things},",
    "side by side with {the_people},",
    "past {place},",
)
JOINING: Final = ("assuming that", "given that", "the moment", "in case")
TAILS: Final = (
    "in return for {a_thing}",
    "in front of {the_people}",
    ", strange as it seems",
    "at the expense of {person}",
    ", so to speak",
    "beyond {place}",
)
LINKS: Final = ("assuming that", "the moment", "no matter how often", ", and besides,", "in case")
