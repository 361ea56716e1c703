"""An arm that is an engine in this process: a bundle loaded by CTranslate2, computing on a pool of threads."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from minimodel.errors import ModelError
from minimodel.inference.engine import Engine
from miniserve.arms.arm import Answer, ArmState, usable_text
from miniserve.errors import ArmError, ArmNotLoaded, ArmRaised, ArmTimeout


class EngineArm:
    """An engine in this process, computing on threads of the given pool.

    All serving arms share one pool, so that nothing but the model differs between them.
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

    @property
    def state(self) -> ArmState:
        """Up, in this process."""
        return ArmState(up=True, pid=os.getpid(), engine=self.engine_name)

    def start(self) -> None:
        """Do nothing: the engine is loaded."""

    def excess_tokens(self, prompt: str) -> tuple[int, int] | None:
        """Return (tokens, limit) if the prompt has more tokens than the model takes, else None."""
        count = self._engine.count_tokens(prompt)
        limit = self._engine.max_sentence_tokens
        return (count, limit) if count > limit else None

    async def infer(self, prompt: str, timeout_s: float) -> Answer:
        """Answer the prompt on a pool thread; the deadline includes the wait for a thread."""
        try:
            # After a timeout the thread computes on: C++ code cannot be interrupted. It occupies its place in the pool.
            async with asyncio.timeout(timeout_s):
                return await asyncio.get_running_loop().run_in_executor(self._pool, self.answer, prompt)
        except TimeoutError:
            raise ArmTimeout(f"no answer within {timeout_s:g} s") from None

    def answer(self, prompt: str) -> Answer:
        """Answer the prompt on the calling thread; raises ArmRaised or BadOutput."""
        try:
            found = self._engine.correct([prompt])[0]
        except (ModelError, RuntimeError, ValueError) as error:
            # CTranslate2's C++ exceptions arrive as RuntimeError and ValueError.
            raise ArmRaised(f"{type(error).__name__}: {error}") from error
        return Answer(usable_text(found.text), found.edit_applied, found.tokens)

    async def close(self) -> None:
        """Do nothing: running requests may still hold the engine, and the last reference frees it."""


def load_engine_arm(models_dir: Path, sha: str, *, threads: int, pool: ThreadPoolExecutor, warm_up: str) -> EngineArm:
    """Load a model and answer one prompt with it, so that no client waits for a cold engine; raises ArmNotLoaded."""
    # One answer before it serves: the first one allocates buffers, and shows that the bundle answers at all.
    try:
        arm = EngineArm(Engine.load(models_dir, sha, threads=threads), pool)
        arm.answer(warm_up)
    except (ModelError, ArmError, OSError, RuntimeError, ValueError) as error:
        raise ArmNotLoaded(f"model {sha} does not load: {type(error).__name__}: {error}") from error
    return arm
