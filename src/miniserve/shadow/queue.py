"""A bounded queue around an arm that shadows: runs it, reports each run's outcome once, and drains.

Each run is a task on the event loop. The caller never waits and never sees an exception: the outcome goes to a
callback. This is the one place that catches everything.
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
        # One prompt at a time, in the order of arrival: asyncio.Lock is fair.
        self._turn = asyncio.Lock()
        self._closed = False

    def start(self) -> None:
        """Start loading the arm; returns at once."""
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
        """Run the arm on the prompt in the background; `on_outcome` is called exactly once, on the event loop."""
        if self._closed:
            on_outcome(CANCELLED)
            return
        if self.depth >= self._limits.queue:
            on_outcome(queue_full(self.depth))
            return
        run = asyncio.create_task(self._run(prompt, self._clock()))
        self._runs.add(run)
        # A done callback, because a task that is cancelled before its first step never runs code of its own.
        run.add_done_callback(partial(self._settle, on_outcome))

    async def drain(self, seconds: float) -> None:
        """Wait up to that many seconds for the runs to finish."""
        if self._runs:
            await asyncio.wait(self._runs, timeout=seconds)

    async def close(self) -> None:
        """Cancel the remaining runs, report them, and close the arm."""
        self._closed = True  # before the first await, or a run submitted meanwhile would use a closed arm
        runs = {*self._runs}
        for run in runs:
            run.cancel()
        if runs:
            # asyncio.wait raises neither their errors nor their cancellation, only our own cancellation.
            await asyncio.wait(runs)
        await self._arm.close()
        # Yield once, so that the callbacks of the cancelled runs write their lines before we return.
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
            except Exception as error:  # noqa: BLE001 - the one broad except: no exception of B's may escape
                return failed(error, queue_ms)
            return answered(answer, (self._clock() - started) * 1e3, queue_ms)
