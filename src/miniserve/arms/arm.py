"""An arm: a named variant that answers sentences. The protocol, the production implementation, and what an answer is.

Where a shadow arm runs is shadow's business; which arm answers whom is the router's.
"""

from dataclasses import dataclass
from typing import Protocol

from miniserve.errors import BadOutput

MAX_ANSWER_CHARS = 2_000
WARM_UP_SENTENCE = "He goed home."


@dataclass(frozen=True)
class Answer:
    """What an arm says to one sentence: the corrected text, whether its edit applied, tokens generated."""

    text: str
    edit_applied: bool
    tokens: int


class Arm(Protocol):
    """A variant bound to a model SHA."""

    @property
    def sha(self) -> str:
        """The model's canonical SHA."""

    def excess_tokens(self, sentence: str) -> tuple[int, int] | None:
        """Return (tokens, limit) if the sentence has more than the model takes, else None."""

    async def infer(self, sentence: str) -> Answer:
        """Answer the sentence; raises ArmError (ArmRaised, BadOutput) when there is no answer."""


def usable_text(text: object) -> str:
    """Return the text if it can be an answer; raises BadOutput for no text, an empty one, or an oversized one."""
    if not isinstance(text, str):
        raise BadOutput(f"{type(text).__name__} instead of text")
    if not text.strip():
        raise BadOutput("an empty answer")
    if len(text) > MAX_ANSWER_CHARS:
        raise BadOutput(f"{len(text)} characters: expected at most {MAX_ANSWER_CHARS}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadOutput("text that is not valid UTF-8") from None
    return text
