"""Invented words, from which a model learns to leave unknown words unchanged."""

import random
from typing import Final


def _parts(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# A syllable is onset + nucleus, and the last one has a coda; all are common in English spelling.
_ONSETS: Final = _parts(
    "b bl br c ch cl cr d dr f fl fr g gl gr h j k kl kr l m n p pl pr qu r s sh sk sl sm sn sp st str t th "
    "tr tw v w y z"
)
_NUCLEI: Final = _parts("a e i o u ai ea ee oa oo ou ie")
_CODAS: Final = _parts("b ck d f g ft l ll lm lt m mp n nd ng nk nt p r rd rk rm rn rt s sh sk ss st t x zz")
# Endings; the empty one twice, as a weight.
_OPEN: Final = ("", "", "a", "o", "er", "in", "ot", "el", "ish", "um", "ax", "on", "ic", "y")


def word(rng: random.Random) -> str:
    """Return an invented noun such as "blick" or "trandel"."""
    syllables = rng.choice((1, 1, 2))
    stem = "".join(
        rng.choice(_ONSETS) + rng.choice(_NUCLEI) + (rng.choice(_CODAS) if i == syllables - 1 else "")
        for i in range(syllables)
    )
    return stem + rng.choice(_OPEN)


def name(rng: random.Random) -> str:
    """Return an invented proper name."""
    return word(rng).capitalize()


def adverb(rng: random.Random) -> str:
    """Return an invented adverb in -ly."""
    return word(rng) + "ly"


def plural(rng: random.Random) -> str:
    """Return an invented plural noun."""
    return _add_s(word(rng))


def verb(rng: random.Random) -> tuple[str, str, str]:
    """Return an invented verb as (plain, third person, past)."""
    stem = word(rng)
    return stem, _add_s(stem), stem + ("d" if stem.endswith("e") else "ed")


def _add_s(stem: str) -> str:
    return stem + ("es" if stem.endswith(("s", "sh", "x", "zz", "ch")) else "s")
