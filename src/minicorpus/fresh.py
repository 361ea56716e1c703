"""A second list of words, frames and clauses, written before any tuning and scored once, at the end.

Training reads none of it and nobody tunes by it. Its hash is pinned by a test.
"""

from typing import Final

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("Helga", "Tariq", "Bruno", "Mrs Castle", "Anneke", "Rajiv", "Chloe", "Mr Whitfield"),
    "person": ("notary", "sheriff", "professor", "stepbrother", "accountant", "goalkeeper", "widow", "sailor"),
    "people": ("twins", "sailors", "monks", "inspectors", "grandparents"),
    "thing": ("compass", "hammer", "envelope", "sofa", "robot", "lantern", "calendar", "fence", "spoon", "goat"),
    "things": ("spoons", "pebbles", "feathers", "batteries", "magazines", "sheep"),
    "food": ("a waffle", "broccoli", "shrimp", "an omelette", "cherries", "mustard", "a pie"),
    "place": ("the tunnel", "the laundrette", "Norway", "the monastery", "the attic", "Toronto", "the quarry"),
    "game": ("squash", "darts", "poker", "water polo"),
    "instrument": ("the accordion", "the oboe", "the ukulele"),
    "subject": ("sociology", "Arabic", "statistics", "theology"),
    "show": ("a western", "the auction", "an interview", "the rehearsal"),
    "audio": ("the orchestra", "the thunder", "hip hop", "the sermon"),
    "task": ("the crossword", "the drawing", "the inventory", "the harvest"),
    "chore": ("the sewing", "pilates", "the recycling", "the taxes"),
    "text": ("a memo", "a thesis", "a screenplay", "lyrics", "a petition"),
    "adjective": ("furious", "grateful", "dizzy", "brave", "curious", "clumsy"),
    "quality": ("rusty", "golden", "fragile", "enormous", "striped"),
    "profession": ("a surgeon", "an electrician", "a judge", "a firefighter"),
}
FRAMES: Final[dict[str, tuple[str, ...]]] = {
    "infinitive": (
        "{S} {refuse|refuses} to {V} {O}",
        "{S} {am|are|is} too busy to {V} {O}",
        "{S} will probably not {V} {O}",
        "{S} {have|has} no time to {V} {O}",
        "{S} agreed to {V} {O}",
    ),
    "present_simple": (
        "{S} {V} {O} whenever possible and {F} alone",
        "{S} {F} {V} {O} without help",
        "{T} or so, {S} {V} {O}",
        "{S} {V} {O} over and over {T}",
    ),
    "past_simple": (
        "{S} {V} {O} for hours {T}",
        "back {T}, {S} {V} {O}",
        "{S} accidentally {V} {O} {T}",
        "just {T}, {S} {V} {O}",
    ),
    "past_participle": (
        "{S} {have} hardly {V} {O} {T}",
        "{S} {have} probably {V} {O} by now",
        "it is good that {S} {have} {V} {O}",
        "{S} {have} {V} {O} all along",
    ),
    "future": (
        "{S} {V} {O} at last {T}",
        "if all goes well, {S} {V} {O} {T}",
        "{S} {V} {O} by the end of the day {T}",
        "sooner or later, {S} {V} {O}, probably {T}",
    ),
}
TIMES: Final[dict[str, tuple[str, ...]]] = {
    "present_simple": ("every spring", "every other day", "on most evenings", "each time"),
    "past_simple": ("last autumn", "a month ago", "in June {year}", "a moment ago"),
    "past_participle": ("since last Easter", "in recent years", "more often than ever", "all week"),
    "future": ("next autumn", "in a month", "at the end of next week", "in {number} hours"),
    "infinitive": ("", "this morning", "in peace", "at the moment"),
}
FREQUENCIES: Final = ("occasionally", "constantly", "habitually")
MODIFIERS: Final = ("beside {place}", "who owns {a_thing}", "without {things}", "who grew up in {place}")
ACTIONS: Final = (
    ("carry|carries|carried", "{a_thing}"),
    ("repair|repairs|repaired", "{a_thing}"),
    ("dream|dreams|dreamed", "of {place}"),
    ("invite|invites|invited", "{person}"),
    ("shout|shouts|shouted", "at {person}"),
    ("break|breaks|broke", "{a_thing}"),
    ("drink|drinks|drank", "tea"),
)
THINKING: Final = (
    ("assume|assumes|assumed", ""),
    ("warn|warns|warned", " {object_pronoun}"),
    ("deny|denies|denied", ""),
    ("announce|announces|announced", " to {the_people}"),
    ("dream|dreams|dreamed", ""),
    ("claim|claims|claimed", ""),
)
STATES: Final = ("thrilled", "of the opinion", "relieved", "disappointed", "under the impression")
IMPERSONAL: Final = (
    "it is no secret that",
    "my fear is that",
    "word is that",
    "one thing is certain:",
    "it is widely known that",
    "you must admit that",
    "the report says that",
    "there is a chance that",
)
LEADS: Final = (
    "as usual,",
    "in spite of {a_thing},",
    "from time to time,",
    "generally speaking,",
    "to make matters worse,",
    "in front of {the_people},",
    "in private,",
    "like most {the_people},",
)
JOINING: Final = ("given that", "now that", "in case", "by the time")
TAILS: Final = (
    "regardless of {a_thing}",
    "in front of {the_people}",
    ", so they say",
    "except for {person}",
    ", believe it or not",
    "on account of {a_thing}",
)
LINKS: Final = ("now that", "in case", "even when", "which is why", "except when")
