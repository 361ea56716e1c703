"""The text of explanations in English and Spanish: names of tenses and persons, and the rule of each cell."""

from typing import Final, Literal

from minicorpus import grid

Language = Literal["en", "es"]
TENSE: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "infinitive": "infinitive",
        "present_simple": "present simple",
        "past_simple": "past simple",
        "past_participle": "past participle",
        "future": "future",
    },
    "es": {
        "infinitive": "infinitivo",
        "present_simple": "presente simple",
        "past_simple": "pasado simple",
        "past_participle": "participio pasado",
        "future": "futuro",
    },
}
PERSON: Final[dict[Language, dict[str, str]]] = {
    "en": {"1sg": "first person singular", "2sg": "second person singular", "3sg": "third person singular"},
    "es": {
        "1sg": "primera persona del singular",
        "2sg": "segunda persona del singular",
        "3sg": "tercera persona del singular",
    },
}
UNCHANGED: Final[dict[Language, str]] = {
    "en": "No change: no mistake in a verb form was found.",
    "es": "Sin cambios: no se encontró ningún error en una forma verbal.",
}
OUTSIDE: Final[dict[Language, str]] = {
    "en": "The sentence was changed, but the change is outside the table of verb forms: there is no rule to give.",
    "es": "La oración se cambió, pero el cambio está fuera de la tabla de formas verbales: no hay regla que dar.",
}
CELL: Final[dict[Language, str]] = {
    "en": "Use “{form}”: {tense} of “{verb}”, {person}. {rule} In Spanish: “{spanish}”.",
    "es": "Se usa “{form}”: {tense} de “{verb}”, {person}. {rule} En español: “{spanish}”.",
}
_RULES: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "infinitive": "After “to”, a modal verb or “do”, “does”, “did” the verb keeps its base form.",
        "present_third": "With he, she, it or a name the verb takes -s.",
        "present_other": "With I and you the verb takes no -s.",
        "present_be": "“Be” has its own form for each person: I am, you are, he is.",
        "past_regular": "The past of a regular verb ends in -ed, for every person.",
        "past_irregular": "“{verb}” is irregular: its past is “{form}”, for every person.",
        "past_be": "The past of “be” is was, with you it is were.",
        "participle_regular": "After “{have}” comes the past participle, which of a regular verb ends in -ed.",
        "participle_irregular": "After “{have}” comes the past participle; “{verb}” is irregular.",
        "future": "The future is “will” or “{be} going to”, followed by the base form.",
    },
    "es": {
        "infinitive": "Después de “to”, de un verbo modal o de “do”, “does”, “did” el verbo queda en su forma base.",
        "present_third": "Con he, she, it o un nombre el verbo lleva -s.",
        "present_other": "Con I y you el verbo no lleva -s.",
        "present_be": "“Be” tiene una forma propia para cada persona: I am, you are, he is.",
        "past_regular": "El pasado de un verbo regular termina en -ed en todas las personas.",
        "past_irregular": "“{verb}” es irregular: su pasado es “{form}” en todas las personas.",
        "past_be": "El pasado de “be” es was, y con you es were.",
        "participle_regular": "Después de “{have}” va el participio, que en un verbo regular termina en -ed.",
        "participle_irregular": "Después de “{have}” va el participio; “{verb}” es irregular.",
        "future": "El futuro es “will” o “{be} going to”, seguido de la forma base.",
    },
}


# Indexed by whether the person is 3sg.
DO: Final[dict[Language, tuple[str, str]]] = {
    "en": ("With I and you it is “do”.", "With he, she, it or a name “do” becomes “does”."),
    "es": ("Con I y you es “do”.", "Con he, she, it o un nombre “do” se convierte en “does”."),
}


def rule_key(verb: str, tense: str, person: str) -> str:
    """Return the key of the rule that applies to a cell."""
    if tense in {"infinitive", "future"}:
        return tense
    if tense == "past_participle":
        return "participle_regular" if grid.is_regular(verb) else "participle_irregular"
    if tense == "present_simple":
        return "present_be" if verb == "be" else "present_third" if person == "3sg" else "present_other"
    return "past_be" if verb == "be" else "past_regular" if grid.is_regular(verb) else "past_irregular"


def rule(verb: str, tense: str, person: str, language: Language) -> str:
    """Return the rule of a cell as a sentence."""
    return _RULES[language][rule_key(verb, tense, person)].format(
        verb=verb,
        form=grid.forms(verb, tense, person)[0],
        have="has" if person == "3sg" else "have",
        be=grid.forms("be", "present_simple", person)[0],
    )
