"""The split between training and evaluation: which combinations training never sees."""

import hashlib
from typing import Final

# One combination in eight is held out.
_ONE_IN: Final = 8


def is_held_out(verb: str, tense: str, person: str, kind: str) -> bool:
    """Return whether a combination of verb, tense, person and kind of mistake is held out from training.

    A hash decides, so that adding a mistake never moves another combination to the other side.
    """
    digest = hashlib.sha256(f"held-out|{verb}|{tense}|{person}|{kind}".encode()).digest()
    return digest[0] % _ONE_IN == 0
