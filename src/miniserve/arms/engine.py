"""An arm that is an engine in this process: a bundle loaded by CTranslate2, computing on a pool of threads."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from minimodel.errors import ModelError
from minimodel.inference.engine import Engine
from miniserve.arms.arm import WARM_UP_SENTENCE, Answer, usable_text
from miniserve.errors import ArmError, ArmNotLoaded, ArmRaised


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
