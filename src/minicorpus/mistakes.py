"""The mistakes of learners, for each cell of the grid: which wrong form replaces the right one."""

from dataclasses import dataclass
from typing import Final

from minicorpus import grid

KINDS: Final = (
    "missing_s",
    "extra_s",
    "over_regular",
    "past_for_participle",
    "participle_for_past",
    "participle_for_bare",
    "bare_form",
    "present_for_past",
    "wrong_auxiliary",
    "missing_will",
    "missing_be",
    "extra_to",
    "wrong_be",
    "doubled_marking",
    "ing_form",
)
# Third persons formed by adding -s without the change of spelling or stem that the verb needs.
_OVER_THIRD: Final = {
    "have": "haves",
    "do": "dos",
    "go": "gos",
    "study": "studys",
    "watch": "watchs",
    "finish": "finishs",
    "be": "bes",
}
# Pasts formed by adding -ed to the verb or, doubling the marking, to its irregular past.
_OVER_PAST: Final = {
    "have": ("haved",),
    "do": ("doed", "dided"),
    "go": ("goed", "wented"),
    "come": ("comed", "camed"),
    "see": ("seed", "sawed"),
    "eat": ("eated", "ated"),
    "write": ("writed", "wroted"),
    "be": ("beed", "wased"),
    "study": ("studyed",),
    "play": ("plaied",),
}
# -ing forms that drop a final e, and "being", which does not.
_ING: Final = {"be": "being", "have": "having", "come": "coming", "write": "writing", "like": "liking"}
_BE: Final = {"1sg": "am", "2sg": "are", "3sg": "is"}
_AUXILIARIES: Final = {"past_participle": ("have", "has"), "infinitive": ("do", "does")}


@dataclass(frozen=True)
class Mistake:
    """One mistake in one cell.

    `surface` is the wrong text and `form` the accepted form that it replaces. `auxiliary`, if set, is the wrong
    auxiliary: have for has (or the reverse) before a participle, do for does before an infinitive.
    """

    kind: str
    surface: str
    form: str
    auxiliary: str | None = None


def auxiliary(tense: str, person: str) -> str:
    """Return the right auxiliary: have or has before a participle, do or does before an infinitive."""
    return _AUXILIARIES[tense][person == "3sg"]


def _ing(verb: str) -> str:
    return _ING.get(verb, verb + "ing")


def _infinitive(verb: str) -> list[tuple[str, str]]:
    past = grid.forms(verb, "past_simple", "3sg")[0]
    participle = grid.forms(verb, "past_participle", "3sg")[0]
    out = [("doubled_marking", past), ("participle_for_bare", participle), ("ing_form", _ing(verb))]
    if verb == "be":
        return [
            *out,
            ("wrong_be", "is"),
            ("wrong_be", "are"),
            ("wrong_be", "am"),
            ("doubled_marking", "were"),
        ]
    return [*out, ("extra_s", grid.forms(verb, "present_simple", "3sg")[0])]


def _present(verb: str, person: str) -> list[tuple[str, str]]:
    right = grid.forms(verb, "present_simple", person)[0]
    third = grid.forms(verb, "present_simple", "3sg")[0]
    out = [("ing_form", _ing(verb))]
    if verb == "be":
        out += [("wrong_be", be) for be in _BE.values()] + [("bare_form", "be")]
    else:
        out += [("missing_s", verb)] if person == "3sg" else [("extra_s", third)]
        out += [("doubled_marking", f"{_BE[person]} {right}")]
    if person == "3sg":
        out += [("over_regular", _OVER_THIRD[verb])] if verb in _OVER_THIRD else []
        out += [("doubled_marking", f"does {third}")] if verb != "be" else []
    return out


def _past(verb: str, person: str) -> list[tuple[str, str]]:
    right = grid.forms(verb, "past_simple", person)[0]
    participle = grid.forms(verb, "past_participle", person)[0]
    was = grid.forms("be", "past_simple", person)[0]
    out = [("bare_form", verb), ("ing_form", _ing(verb)), ("participle_for_past", participle)]
    out += [("over_regular", past) for past in _OVER_PAST.get(verb, ())]
    out += [("doubled_marking", f"did {right}")]
    if verb == "be":
        return [*out, ("wrong_be", "was"), ("wrong_be", "were"), ("present_for_past", _BE[person])]
    out += [("doubled_marking", f"{was} {right}")]
    return [*out, ("present_for_past", grid.forms(verb, "present_simple", person)[0])]


def _participle(verb: str, person: str) -> list[tuple[str, str]]:
    past = grid.forms(verb, "past_simple", person)[0]
    out = [("bare_form", verb), ("ing_form", _ing(verb)), ("past_for_participle", past)]
    out += [("over_regular", form) for form in _OVER_PAST.get(verb, ())]
    return [*out, ("extra_s", grid.forms(verb, "present_simple", "3sg")[0])]


def _future(verb: str, person: str) -> list[tuple[str, str, int]]:
    """Return (kind, surface, index of the accepted form that it replaces: 0 for "will", 1 for "going to")."""
    third = grid.forms(verb, "present_simple", "3sg")[0]
    past = grid.forms(verb, "past_simple", person)[0]
    out = [
        ("missing_will", verb, 0),
        ("doubled_marking", f"will {past}", 0),
        ("extra_s", f"will {third}", 0),
        ("extra_to", f"will to {verb}", 0),
        ("ing_form", f"will {_ing(verb)}", 0),
        ("wrong_auxiliary", f"{_BE[person]} {verb}", 0),
        ("wrong_auxiliary", f"wills {verb}", 0),
        ("missing_be", f"going to {verb}", 1),
        ("doubled_marking", f"{_BE[person]} going to {past}", 1),
    ]
    return [*out, *(("wrong_be", f"{be} going to {verb}", 1) for be in _BE.values() if be != _BE[person])]


def mistakes(verb: str, tense: str, person: str) -> tuple[Mistake, ...]:
    """Return every mistake of a cell, leaving out duplicates and forms that happen to be right."""
    right = grid.forms(verb, tense, person)
    if tense == "future":
        return tuple(Mistake(kind, s, right[i]) for kind, s, i in _future(verb, person))
    by_tense = {
        "infinitive": lambda: _infinitive(verb),
        "present_simple": lambda: _present(verb, person),
        "past_simple": lambda: _past(verb, person),
        "past_participle": lambda: _participle(verb, person),
    }
    # Some mistakes coincide with each other or with the right form (the participle of "come" is its bare form).
    seen = {right[0]}
    out: list[Mistake] = []
    for kind, surface in by_tense[tense]():
        if surface not in seen:
            seen.add(surface)
            out.append(Mistake(kind, surface, right[0]))
    if tense in _AUXILIARIES and (verb, tense) != ("be", "infinitive"):
        swapped = _AUXILIARIES[tense][person != "3sg"]
        out.append(Mistake("wrong_auxiliary", right[0], right[0], auxiliary=swapped))
    return tuple(out)
