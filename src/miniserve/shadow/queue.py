"""A bounded queue around an arm that shadows: runs it, reports each run's outcome once, and drains.

A run is a task of its own on the event loop. Whoever submits never waits and never learns of a failure: the outcome
goes to a callback. This is the one place that catches everything.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

from minieval.record.record import ArmResult
from miniserve.arms.arm import Arm
from miniserve.shadow.outcome import CANCELLED, answered, failed, queue_full

OnOutcome = Callable[[ArmResult], None]


@dataclass(frozen=True)
class ShadowLimits:
    """What a shadow may use: seconds for one prompt, and how many runs may wait or compute at once."""

    timeout_s: float = 2.0
    queue: int = 256


@dataclass(frozen=True)
class ShadowState:
    """What the details page shows of a shadow: the arm's state, and how many runs wait or compute."""

    arm: str
    sha: str
    up: bool
    pid: int | None
    engine: str | None
    waiting: int
    starts: int
    circuit: str
    last_failure: str | None


class Shadow:
    """An arm that shadows under a name, from `start` to `close`; the arm is the shadow's to start and close."""

    def __init__(self, name: str, arm: Arm, limits: ShadowLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.sha = arm.sha
        self._arm = arm
        self._limits = limits
        self._clock = clock
        self._runs: set[asyncio.Task[ArmResult]] = set()
        self._turn = asyncio.Lock()  # one prompt at a time, in the order of their arrival
        self._closed = False

    def start(self) -> None:
        """Let the arm begin to load; returns at once."""
        self._arm.start()

    @property
    def depth(self) -> int:
        """How many runs wait or compute."""
        return len(self._runs)

    @property
    def state(self) -> ShadowState:
        """The state of the arm and of the queue."""
        return ShadowState(arm=self.name, sha=self.sha, waiting=self.depth, **asdict(self._arm.state))

    def submit(self, prompt: str, on_outcome: OnOutcome) -> None:
        """Run the arm on the prompt, unseen; `on_outcome` is called exactly once, on the event loop."""
        if self._closed:
            on_outcome(CANCELLED)
            return
        if self.depth >= self._limits.queue:
            on_outcome(queue_full(self.depth))
            return
        run = asyncio.create_task(self._run(prompt, self._clock()))
        self._runs.add(run)
        # The callback hangs on the task, not in it, so that a run cancelled before its first step reports as well.
        run.add_done_callback(partial(self._settle, on_outcome))

    async def drain(self, seconds: float) -> None:
        """Give the running shadows that many seconds."""
        if self._runs:
            await asyncio.wait(self._runs, timeout=seconds)

    async def close(self) -> None:
        """Cancel what still runs, report it, and close the arm."""
        self._closed = True
        runs = {*self._runs}
        for run in runs:
            run.cancel()
        if runs:
            # Neither their errors nor their cancellation are ours, but our own cancellation is.
            await asyncio.wait(runs)
        await self._arm.close()
        # One round of the loop, so that the callbacks of the cancelled runs have written their lines.
        await asyncio.sleep(0)

    def _settle(self, on_outcome: OnOutcome, run: asyncio.Task[ArmResult]) -> None:
        self._runs.discard(run)
        on_outcome(CANCELLED if run.cancelled() else run.result())

    async def _run(self, prompt: str, submitted: float) -> ArmResult:
        async with self._turn:
            started = self._clock()
            queue_ms = (started - submitted) * 1e3
            try:
                answer = await self._arm.infer(prompt, self._limits.timeout_s)
            except Exception as error:  # noqa: BLE001 - the one broad except: whatever B's run does ends here
                return failed(error, queue_ms)
            return answered(answer, (self._clock() - started) * 1e3, queue_ms)
