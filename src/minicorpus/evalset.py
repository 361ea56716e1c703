"""The eval set: sentences in frames that training never saw, spread evenly over the grid.

An item must have one right correction, or a complete list of them. Training can live with ambiguous sentences, so the
filters are here and not in the lists of mistakes and frames.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from minicorpus import grid
from minicorpus.mistakes import Mistake, mistakes
from minicorpus.sentences.example import Example, Surroundings, example, fitting
from minicorpus.sentences.frames import Frame
from minicorpus.split import is_held_out
from minicorpus.vocabulary.phrases import Side, Source

_EVALUATION: Final = Surroundings(lead=0.3, tail=0.3, adverb=0.0)
# Sentences to draw before giving up on a cell and mistake.
_ATTEMPTS: Final = 500
# "am work", "was worked", "are walk" could mean "am working" as well as "work", or are right ("was finished").
_BE_BEFORE: Final = re.compile(r"(?:am|are|is|was|were) (?!going to )")
# The present can express a scheduled future ("the train leaves tomorrow"). These times rule out a schedule.
_NOT_SCHEDULED: Final = re.compile(r"some day|near future|years to come|[Ss]ooner or later")
# A past tense elsewhere in the sentence makes the expected tense ambiguous ("I was glad that he goes / went").
_PAST: Final = re.compile(
    r"\b(?:was|were|did|had|wanted|painted|taught|travelled|borrowed|hid|smiled|threw|visited|suspected|realised|"
    r"mentioned|swore|read|convinced)\b"
)
# Combinations that the generator can produce and nobody would say: wrong prepositions, repetitions, and the like.
_ENGLISH_NOBODY_SAYS: Final = re.compile(
    r"\bin the (?:bridge|island|farm|beach|lake|mountains|airport|station|port|street)\b"
    r"|\bat (?:London|Madrid|Paris|Spain|Berlin|Lisbon|Japan)\b"
    r"|\bat the (?:kitchen|city|village|street|forest|mountains|classroom|living room)\b"
    r"|\bat the (?:countryside|island|valley|garden)\b"
    r"|\bthe last a few\b|\b(?:see|sees|saw|seen) TV\b|\blunch for lunch\b"
    r"|\b(the \w+|[A-Z]\w+)\b (?:to|and|in|near|next to) \1\b"
    r"|\b(?:[Uu]nless|[Aa]s long as|[Ww]herever|so that)\b[^,]*\b(?:will|might)\b"
    r"|\b[Ii]t (?:\w+ )?(?:suspect|realise|mention|swear|swore|read|convince)"
    r"|\b(?:mention(?:s|ed)? to|reads? in)\b(?!.* that )"
    r"|\bnot often\b.*\b(?:right away|this evening)\b"
)
# Conditions and purposes, which do not fit a finished past.
_NOT_OF_THE_PAST: Final = re.compile(r"\b(?:unless|as long as|so that)\b", re.IGNORECASE)
_ADVERB_BEFORE: Final = re.compile(r"(?:\bstill|ever|first) \{V\}")


class Item(NamedTuple):
    """One line of an evaluation file."""

    id: str
    sentence: str
    accepted: tuple[str, ...]
    verb: str
    tense: str
    person: str
    regularity: str
    mistake: str | None
    frame: str


Cell = tuple[str, str, str]


def _looks_like_participle(verb: str, surface: str) -> bool:
    return surface == grid.forms(verb, "past_participle", "3sg")[0]


def _clear(cell: Cell, mistake: Mistake) -> bool:
    """Return whether a mistake has one correction, or several that can all be listed."""
    verb, tense, _ = cell
    if mistake.kind == "ing_form":
        return tense == "infinitive"
    if mistake.surface.startswith("will ") and mistake.kind == "doubled_marking":
        # "will finished" could mean "will have finished".
        return not _looks_like_participle(verb, mistake.surface.removeprefix("will "))
    # "sawed" is the right past of another verb.
    return mistake.surface != "sawed" and not _BE_BEFORE.match(mistake.surface)


def _takes_be(frame: Frame) -> bool:
    """Return whether a frame fits "be", whose finite forms precede an adverb (so not "still {V}")."""
    return not _ADVERB_BEFORE.search(frame.pattern)


def _takes(frame: Frame, mistake: Mistake) -> bool:
    """Return whether a mistake is unambiguous in a frame."""
    if frame.tense == "past_participle" and mistake.kind in {"bare_form", "extra_s"}:
        # "has talks with" and "have work in" are right English, so the verb must not directly follow the auxiliary.
        return "{have} {V}" not in frame.pattern
    if frame.tense in {"present_simple", "past_simple"} and mistake.kind == "doubled_marking":
        # "first did went" could mean "did first go" or "first went".
        return not _ADVERB_BEFORE.search(frame.pattern)
    if frame.tense != "infinitive" or mistake.kind in {"extra_s", "wrong_be", "wrong_auxiliary"}:
        return True
    if mistake.kind == "ing_form":
        return any(word in frame.pattern for word in ("managed to", "able to"))
    # "might gone" could mean "might have gone", and "does not often went" could mean "did not often go".
    return any(word in frame.pattern for word in ("managed to", "able to", "promised to"))


def _once(made: Example, wrong: str) -> bool:
    """Return whether the sentence contains the wrong form exactly once."""
    return f" {made.sentence[:-1]} ".count(f" {wrong} ") == 1


def _reads_well(made: Example, mistake: Mistake | None) -> bool:
    text = made.accepted[0]
    if _ENGLISH_NOBODY_SAYS.search(text):
        return False
    if made.tense in {"past_simple", "past_participle"} and _NOT_OF_THE_PAST.search(text):
        return False
    timeless = made.tense in {"present_simple", "past_participle", "future"}
    if (timeless or made.mistake == "participle_for_past") and _PAST.search(_without_form(made, mistake)):
        return False
    return made.mistake != "missing_will" or _NOT_SCHEDULED.search(text) is not None


def _without_form(made: Example, mistake: Mistake | None) -> str:
    """Return the right sentence without the form in question, which can be a past itself ("has had")."""
    forms = [mistake.form] if mistake else list(grid.forms(made.verb, made.tense, made.person))
    text = made.accepted[0]
    for form in forms:
        text = re.sub(rf"\b{form}\b", "", text, count=1)
    return text


def _also_right(made: Example, mistake: Mistake | None) -> tuple[str, ...]:
    """Return the second correction of "did went" and "does goes": "did go", "does go" (emphatic do)."""
    if mistake is None or made.verb == "be":
        return ()
    do, _, rest = mistake.surface.partition(" ")
    if not rest or do not in {"did", "does"}:
        return ()
    return (made.sentence.replace(f" {mistake.surface}", f" {do} {made.verb}", 1),)


def _item(source: Source, cell: Cell, mistake: Mistake | None, seen: set[str], side: Side) -> Example | None:
    """Return a new sentence, or None if the cell has none for this mistake."""
    verb, tense, person = cell
    choices = [f for f in fitting(side, verb, tense, mistake) if verb != "be" or _takes_be(f)]
    if mistake is not None:
        choices = [f for f in choices if _takes(f, mistake)]
    for _ in range(_ATTEMPTS if choices else 0):
        made = example(source, source.rng.choice(choices), verb, person, mistake, around=_EVALUATION)
        wrong = (mistake.auxiliary or mistake.surface) if mistake else None
        unique = made.sentence not in seen and (wrong is None or _once(made, wrong))
        if unique and _reads_well(made, mistake):
            return made
    return None


def _wanted(cell: Cell) -> int:
    """Return the number of wrong items of a cell: six per verb and tense in total.

    In the present, the third person gets three, because most kinds of mistake occur there ("he walk").
    """
    verb, tense, person = cell
    if tense != "present_simple" or verb == "be":
        return 2
    fewer = ("1sg", "2sg")[grid.VERBS.index(verb) % 2]
    return {"3sg": 3, fewer: 1}.get(person, 2)


def _in_order(rng: random.Random, cell: Cell, used: Counter[str], here: Counter[str], *, held: bool) -> list[Mistake]:
    """Return one mistake of each kind of a cell, in order of preference.

    Kinds that the cell has not used come first, then those on the wanted side of the split, then the rarest.
    """
    by_kind: dict[str, list[Mistake]] = {}
    for mistake in mistakes(*cell):
        if _clear(cell, mistake):
            by_kind.setdefault(mistake.kind, []).append(mistake)
    kinds = rng.sample(sorted(by_kind), len(by_kind))
    kinds.sort(
        key=lambda kind: (here[kind], is_held_out(*cell, kind) != held, used[kind] + 3 * used[f"{cell[1]} {kind}"])
    )
    return [rng.choice(by_kind[kind]) for kind in kinds]


def _first(source: Source, cell: Cell, wanted: Sequence[Mistake | None], seen: set[str]) -> Example:
    """Return a sentence for the first mistake that works, with every right version among the accepted ones."""
    for mistake in wanted:
        made = _item(source, cell, mistake, seen, "held")
        if made is not None:
            return replace(made, accepted=made.accepted + _also_right(made, mistake))
    raise ValueError(f"no new sentence for {cell} after {_ATTEMPTS} attempts: expected more frames or words")


def items(seed: int) -> list[Item]:
    """Return six wrong items for each verb and tense, and a right one for three cells in five.

    The first wrong item of a cell is a held-out combination if an unambiguous one exists. Kinds of mistake that few
    cells allow are preferred, so that none is rare.
    """
    rng = random.Random(seed)  # noqa: S311 - sentences, not secrets
    cells = [(v, t, p) for v in grid.VERBS for t in grid.TENSES for p in grid.PERSONS]
    used: Counter[str] = Counter()
    seen: set[str] = set()
    out: list[Item] = []
    for index, cell in enumerate(cells):
        here: Counter[str] = Counter()
        for place in range(_wanted(cell) + (index % 5 in {0, 2, 4})):
            # Half of the items also use content words that training never saw.
            source = Source(rng, "held", 0.0, words="held" if len(out) % 2 else "train")
            wrong = place < _wanted(cell)
            choices = _in_order(rng, cell, used, here, held=place == 0) if wrong else [None]
            made = _first(source, cell, choices, seen)
            seen.add(made.sentence)
            if made.mistake is not None:
                used.update((made.mistake, f"{made.tense} {made.mistake}"))
                here[made.mistake] += 1
            regularity = "regular" if grid.is_regular(made.verb) else "irregular"
            out.append(
                Item(f"p20-{len(out):04d}", made.sentence, made.accepted, *cell, regularity, made.mistake, made.frame)
            )
    return out


def render(made: Iterable[Item]) -> str:
    """Return the items as JSON Lines."""
    return "".join(json.dumps(item._asdict(), ensure_ascii=False, sort_keys=True) + "\n" for item in made)
