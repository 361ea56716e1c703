"""An arm that is a plain async function, for tests without a model or a process."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from miniserve.arms.arm import Answer, ArmState
from miniserve.errors import ArmTimeout

Infer = Callable[[str], Awaitable[Answer]]


@dataclass
class FunctionArm:
    """An arm that answers with its function; `calls` records the calls of its methods."""

    function: Infer
    sha: str = "a" * 64
    calls: list[str] = field(default_factory=list)

    @property
    def state(self) -> ArmState:
        """Up, in the test's own process."""
        return ArmState(up=True, pid=None, engine="function")

    def start(self) -> None:
        """Record the start."""
        self.calls.append("start")

    def excess_tokens(self, _prompt: str) -> None:
        """Every prompt is short enough."""

    async def infer(self, prompt: str, timeout_s: float) -> Answer:
        """Call the function within the time limit."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self.function(prompt)
        except TimeoutError:
            raise ArmTimeout(f"no answer within {timeout_s:g} s") from None

    async def close(self) -> None:
        """Record the end."""
        self.calls.append("close")
