"""The small words of English by what they do in a clause: what can be listed, where nouns and verbs cannot."""

from typing import Final


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A subject that is known and has no place in the grid: plural, or none because an object stands there.
OTHER: Final = "other"
HAVE: Final = frozenset({"have", "has", "had", "haven't", "hasn't", "hadn't"})
SUBJECTS: Final = {"i": "1sg", "you": "2sg", "he": "3sg", "she": "3sg", "it": "3sg", "we": OTHER, "they": OTHER} | {
    f"{start}{end}": "3sg" for start in ("every", "no", "some", "any") for end in ("body", "one", "thing")
}
OBJECTS: Final = _set("me him us them mine yours myself himself herself all none neither either")
BARE: Final = _set(
    "do does did don't doesn't didn't can cannot can't could couldn't must mustn't should shouldn't may might "
    "would wouldn't will won't shall needn't"
)
BE: Final = _set("am are is was were be been isn't aren't wasn't weren't")
ADVERBS: Final = _set(
    "always often usually never sometimes seldom already just also still ever soon first not once now then no time "
    "rather better even only almost at least longer somehow later so nevertheless hardly yet too again here there "
    "today twice perhaps maybe thus therefore however indeed instead long well quite very both"
)
_SINGULAR: Final = _set("a an this that every each another one")
PLURAL_DETERMINERS: Final = _set("these those many several few both two three four five six seven eight nine ten most")
DETERMINERS: Final = _SINGULAR | PLURAL_DETERMINERS | _set("the my your his her our their its some any no")
NEVER_OBJECTS: Final = frozenset({"i", "he", "she", "we", "they"})
PREPOSITIONS: Final = _set(
    "to of in on at by for from with without near behind under over above between among along around through inside "
    "outside opposite into onto about against despite like as during until till beside besides across off up "
    "down than per via toward towards regarding alongside within beyond"
)
# What may stand before the auxiliary that a question begins with.
BEFORE_QUESTIONS: Final = _set("how often what time where when why since else for long at on in with which whom")
RELATIVES: Final = frozenset({"who", "whose", "whom", "which"})
BOUNDARIES: Final = _set(
    ", ; : . ? ! and but because when while if after before since or although until whenever though unless whereas "
    "where why how what wherever nor"
)
TIMES: Final = _set(
    "day week month year morning evening night afternoon noon hour minute summer winter spring autumn weekend time "
    "fortnight decade january february march april may june july august september october november december "
    "yesterday tomorrow monday tuesday wednesday thursday friday saturday sunday christmas"
)
PLURALS: Final = _set("people children men women police mice feet teeth geese sheep")
SINGULARS: Final = frozenset({"news", "maths", "bus", "boss", "class"})
ASKING: Final = HAVE | {"ask", "asks", "asked", "tell", "tells", "told"}
# "A lot of people": the noun after them decides.
QUANTITIES: Final = _set("lot couple number majority pair group")
