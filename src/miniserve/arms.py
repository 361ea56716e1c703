"""An arm: a named variant that answers sentences. The protocol, the production implementation, and what an answer is.

Where a shadow arm runs is shadow's business; which arm answers whom is the router's.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from minimodel.engine import Engine
from minimodel.errors import ModelError
from miniserve.errors import ArmError, ArmNotLoaded, ArmRaised, BadOutput

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


class EngineArm:
    """A production arm: an engine in this process, computing on threads of the given pool.

    Every arm that serves is hosted like this, on the same pool, so that arms differ by their model only.
    """

    def __init__(self, engine: Engine, pool: ThreadPoolExecutor) -> None:
        self._engine = engine
        self._pool = pool

    @property
    def sha(self) -> str:
        """The model's canonical SHA."""
        return self._engine.sha

    @property
    def engine_name(self) -> str:
        """The engine's version and effective compute type, as the manifest names them."""
        return f"{self._engine.version} {self._engine.compute_type}"

    def excess_tokens(self, sentence: str) -> tuple[int, int] | None:
        """Return (tokens, limit) if the sentence has more than the model takes, else None."""
        count = self._engine.count_tokens(sentence)
        limit = self._engine.max_sentence_tokens
        return (count, limit) if count > limit else None

    async def infer(self, sentence: str) -> Answer:
        """Answer the sentence on a pool thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.answer, sentence)

    def answer(self, sentence: str) -> Answer:
        """Answer the sentence on the calling thread; raises ArmRaised or BadOutput."""
        try:
            found = self._engine.correct([sentence])[0]
        except (ModelError, RuntimeError, ValueError) as error:
            # CTranslate2's C++ exceptions arrive as the latter two
            raise ArmRaised(f"{type(error).__name__}: {error}") from error
        return Answer(usable_text(found.text), found.edit_applied, found.tokens)


def load_engine_arm(models_dir: Path, sha: str, *, threads: int, pool: ThreadPoolExecutor) -> EngineArm:
    """Load a model and answer one sentence with it, so that no client pays for warming up; raises ArmNotLoaded."""
    try:
        arm = EngineArm(Engine.load(models_dir, sha, threads=threads), pool)
        arm.answer(WARM_UP_SENTENCE)
    except (ModelError, ArmError, OSError, RuntimeError, ValueError) as error:
        raise ArmNotLoaded(f"model {sha} does not load: {type(error).__name__}: {error}") from error
    return arm


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
