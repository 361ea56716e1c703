"""The conjugation grid: 20 verbs, 5 tenses, 3 singular persons, in English and Spanish.

This is the one place where a form is decided. It is part of what the grader is identified by, so it
imports the standard library only and changes only when a form was wrong.
"""

from typing import Final, TypedDict

TENSES: Final = ("infinitive", "present_simple", "past_simple", "past_participle", "future")
PERSONS: Final = ("1sg", "2sg", "3sg")


class CellTable(TypedDict):
    """One cell: the accepted English forms and the Spanish pair."""

    english: list[str]
    spanish: str


class VerbTable(TypedDict):
    """One verb: its Spanish infinitive, whether English conjugates it regularly, and its cells."""

    spanish: str
    regular: bool
    tenses: dict[str, dict[str, CellTable]]


# verb: (third person present, past, participle)
_ENGLISH: Final[dict[str, tuple[str, str, str]]] = {
    "work": ("works", "worked", "worked"),
    "play": ("plays", "played", "played"),
    "walk": ("walks", "walked", "walked"),
    "talk": ("talks", "talked", "talked"),
    "listen": ("listens", "listened", "listened"),
    "watch": ("watches", "watched", "watched"),
    "study": ("studies", "studied", "studied"),
    "finish": ("finishes", "finished", "finished"),
    "start": ("starts", "started", "started"),
    "look": ("looks", "looked", "looked"),
    "want": ("wants", "wanted", "wanted"),
    "like": ("likes", "liked", "liked"),
    "be": ("is", "was", "been"),
    "have": ("has", "had", "had"),
    "do": ("does", "did", "done"),
    "go": ("goes", "went", "gone"),
    "come": ("comes", "came", "come"),
    "see": ("sees", "saw", "seen"),
    "eat": ("eats", "ate", "eaten"),
    "write": ("writes", "wrote", "written"),
}
VERBS: Final = tuple(_ENGLISH)
IRREGULAR: Final = frozenset({"be", "have", "do", "go", "come", "see", "eat", "write"})
_BE_PRESENT: Final = {"1sg": "am", "2sg": "are", "3sg": "is"}
_BE_PAST: Final = {"1sg": "was", "2sg": "were", "3sg": "was"}

# verb: (infinitive, present, preterite, participle, future), the finite ones as 1sg, 2sg, 3sg.
# "like" turns around in Spanish: what is liked is the subject (me gusta).
_SPANISH: Final[dict[str, tuple[str, str, str, str, str]]] = {
    "work": (
        "trabajar",
        "trabajo trabajas trabaja",
        "trabajé trabajaste trabajó",
        "trabajado",
        "trabajaré trabajarás trabajará",
    ),
    "play": ("jugar", "juego juegas juega", "jugué jugaste jugó", "jugado", "jugaré jugarás jugará"),
    "walk": (
        "caminar",
        "camino caminas camina",
        "caminé caminaste caminó",
        "caminado",
        "caminaré caminarás caminará",
    ),
    "talk": ("hablar", "hablo hablas habla", "hablé hablaste habló", "hablado", "hablaré hablarás hablará"),
    "listen": (
        "escuchar",
        "escucho escuchas escucha",
        "escuché escuchaste escuchó",
        "escuchado",
        "escucharé escucharás escuchará",
    ),
    "watch": ("mirar", "miro miras mira", "miré miraste miró", "mirado", "miraré mirarás mirará"),
    "study": (
        "estudiar",
        "estudio estudias estudia",
        "estudié estudiaste estudió",
        "estudiado",
        "estudiaré estudiarás estudiará",
    ),
    "finish": (
        "terminar",
        "termino terminas termina",
        "terminé terminaste terminó",
        "terminado",
        "terminaré terminarás terminará",
    ),
    "start": (
        "empezar",
        "empiezo empiezas empieza",
        "empecé empezaste empezó",
        "empezado",
        "empezaré empezarás empezará",
    ),
    "look": ("mirar", "miro miras mira", "miré miraste miró", "mirado", "miraré mirarás mirará"),
    "want": (
        "querer",
        "quiero quieres quiere",
        "quise quisiste quiso",
        "querido",
        "querré querrás querrá",
    ),
    "like": (
        "gustar",
        "me·gusta te·gusta le·gusta",
        "me·gustó te·gustó le·gustó",
        "gustado",
        "me·gustará te·gustará le·gustará",
    ),
    "be": ("ser", "soy eres es", "fui fuiste fue", "sido", "seré serás será"),
    "have": ("tener", "tengo tienes tiene", "tuve tuviste tuvo", "tenido", "tendré tendrás tendrá"),
    "do": ("hacer", "hago haces hace", "hice hiciste hizo", "hecho", "haré harás hará"),
    "go": ("ir", "voy vas va", "fui fuiste fue", "ido", "iré irás irá"),
    "come": ("venir", "vengo vienes viene", "vine viniste vino", "venido", "vendré vendrás vendrá"),
    "see": ("ver", "veo ves ve", "vi viste vio", "visto", "veré verás verá"),
    "eat": ("comer", "como comes come", "comí comiste comió", "comido", "comeré comerás comerá"),
    "write": (
        "escribir",
        "escribo escribes escribe",
        "escribí escribiste escribió",
        "escrito",
        "escribiré escribirás escribirá",
    ),
}


def _check(verb: str, tense: str, person: str) -> None:
    for name, value, known in (("verb", verb, VERBS), ("tense", tense, TENSES), ("person", person, PERSONS)):
        if value not in known:
            raise ValueError(f"unknown {name} {value!r}: expected one of {', '.join(known)}")


def is_regular(verb: str) -> bool:
    """Whether English forms past and participle of a grid verb with -ed."""
    _check(verb, TENSES[0], PERSONS[0])
    return verb not in IRREGULAR


def forms(verb: str, tense: str, person: str) -> tuple[str, ...]:
    """Return the accepted English forms of a cell, the first one canonical.

    The infinitive is bare and the participle stands without its auxiliary: the frame brings "to" and "has".
    >>> forms("go", "future", "3sg")
    ('will go', 'is going to go')
    """
    _check(verb, tense, person)
    third, past, participle = _ENGLISH[verb]
    if tense == "infinitive":
        return (verb,)
    if tense == "present_simple":
        if verb == "be":
            return (_BE_PRESENT[person],)
        return (third if person == "3sg" else verb,)
    if tense == "past_simple":
        return (_BE_PAST[person] if verb == "be" else past,)
    if tense == "past_participle":
        return (participle,)
    return (f"will {verb}", f"{_BE_PRESENT[person]} going to {verb}")


def spanish(verb: str, tense: str, person: str) -> str:
    """Return the Spanish pair of a cell; past_simple is the preterite.

    >>> spanish("go", "past_simple", "3sg")
    'fue'
    """
    _check(verb, tense, person)
    cell = _SPANISH[verb][TENSES.index(tense)]
    if tense in {"infinitive", "past_participle"}:
        return cell
    return cell.split()[PERSONS.index(person)].replace("·", " ")


def canonical_table() -> dict[str, VerbTable]:
    """Return the whole grid as the table that graders and explanations read."""
    return {
        verb: {
            "spanish": spanish(verb, "infinitive", "1sg"),
            "regular": is_regular(verb),
            "tenses": {
                tense: {
                    person: {
                        "english": list(forms(verb, tense, person)),
                        "spanish": spanish(verb, tense, person),
                    }
                    for person in PERSONS
                }
                for tense in TENSES
            },
        }
        for verb in VERBS
    }
