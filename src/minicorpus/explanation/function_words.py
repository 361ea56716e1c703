"""The function words of English, grouped by their role in a clause.

Unlike nouns and verbs they are few enough to list, so the parser needs no dictionary.
"""

from typing import Final


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The person of a subject that is outside the grid: plural, or not a subject at all but an object.
OTHER: Final = "other"
HAVE: Final = frozenset({"have", "has", "had", "haven't", "hasn't", "hadn't"})
SUBJECTS: Final = {"i": "1sg", "you": "2sg", "he": "3sg", "she": "3sg", "it": "3sg", "we": OTHER, "they": OTHER} | {
    f"{start}{end}": "3sg" for start in ("every", "no", "some", "any") for end in ("body", "one", "thing")
}
OBJECTS: Final = _set("me him us them mine yours myself himself herself all none neither either")
# Auxiliaries followed by the bare infinitive.
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
# Pronouns that are subjects even after a preposition ("after she left").
NEVER_OBJECTS: Final = frozenset({"i", "he", "she", "we", "they"})
PREPOSITIONS: Final = _set(
    "to of in on at by for from with without near behind under over above between among along around through inside "
    "outside opposite into onto about against despite like as during until till beside besides across off up "
    "down than per via toward towards regarding alongside within beyond"
)
# Words that can precede the auxiliary of a question ("How often do you ...").
BEFORE_QUESTIONS: Final = _set("how often what time where when why since else for long at on in with which whom")
RELATIVES: Final = frozenset({"who", "whose", "whom", "which"})
# Marks and words at which a new clause can begin.
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
# Singular nouns that look plural.
SINGULARS: Final = frozenset({"news", "maths", "bus", "boss", "class"})
# Verbs whose object is the subject of a following infinitive ("tell him to go").
ASKING: Final = HAVE | {"ask", "asks", "asked", "tell", "tells", "told"}
# Nouns that make a phrase plural ("a lot of people").
QUANTITIES: Final = _set("lot couple number majority pair group")
