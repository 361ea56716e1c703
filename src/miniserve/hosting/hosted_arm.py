"""An arm in a worker process that is kept alive: restarted with back-off when it dies, asked again once after that.

Whatever the process does (exit, hang, lie, starve) becomes an answer or an ArmError here.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from miniserve.arms.arm import Answer, ArmState
from miniserve.errors import ArmDropped, ArmError, ArmRaised, ArmTimeout
from miniserve.hosting.breaker import Breaker
from miniserve.hosting.frames import answer_of
from miniserve.hosting.starvation import cpu_use
from miniserve.hosting.worker_process import WorkerDied, WorkerProcess, WorkerSpec, WorkerStarved

# A prompt whose process died may have been innocent of it, so it gets a fresh process once.
ATTEMPTS = 2
_log = structlog.get_logger()


class HostedArm:
    """One arm and the worker process that it lives in, from `start` to `close`. It answers one prompt at a time."""

    def __init__(self, name: str, spec: WorkerSpec, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._spec = spec
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        # Set while there is a worker to ask, or a reason why nobody should wait for one.
        self._decided = asyncio.Event()
        self._worker: WorkerProcess | None = None
        self._refusal: str | None = None
        self._breaker = Breaker()
        self._starts = 0
        self._last_failure: str | None = None
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def sha(self) -> str:
        """The model's canonical SHA."""
        return self._spec.sha

    @property
    def state(self) -> ArmState:
        """Whether there is a process that has loaded, and how its predecessors ended."""
        worker = self._worker
        return ArmState(
            up=worker is not None,
            pid=worker.pid if worker else None,
            engine=worker.engine if worker else None,
            starts=self._starts,
            circuit=self._breaker.state(self._clock()),
            last_failure=self._last_failure,
        )

    def start(self) -> None:
        """Start keeping a worker alive; returns at once."""
        self._supervisor = asyncio.create_task(self._keep_alive(), name=f"worker of arm {self._name}")

    def excess_tokens(self, prompt: str) -> tuple[int, int] | None:
        """Return None: the model is in another process, which refuses what it cannot take."""
        return None

    async def infer(self, prompt: str, timeout_s: float) -> Answer:
        """Answer the prompt; raises ArmTimeout, ArmRaised, BadOutput, or ArmDropped if the arm had no chance.

        Up to timeout_s is spent waiting for a process that still loads, and as much running.
        """
        async with self._one_at_a_time:
            died: WorkerDied | None = None
            for _ in range(ATTEMPTS):
                try:
                    worker = await self._available(timeout_s)
                except ArmError as unavailable:
                    # A crash is reported as one, however long the next process takes to load.
                    raise died or unavailable from None
                try:
                    return await self._ask(worker, prompt, timeout_s)
                except WorkerDied as error:
                    self._lost(worker, str(error))
                    died = error
            raise died or ArmRaised("never tried")

    async def close(self) -> None:
        """Stop keeping a worker alive, and end the one there is."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            # Its cancellation is not ours; wait() does not raise it.
            await asyncio.wait({self._supervisor})

    async def _available(self, timeout_s: float) -> WorkerProcess:
        """Return the worker once there is one; raises the ArmError that its absence means."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._decided.wait()
        except TimeoutError:
            still = f"still loading after {timeout_s:g} s"
            raise ArmDropped(still, reason=still) from None
        if self._worker is None:
            raise ArmRaised(str(self._refusal), reason=self._refusal)
        return self._worker

    async def _ask(self, worker: WorkerProcess, prompt: str, timeout_s: float) -> Answer:
        before_ns = worker.cpu_ns()
        try:
            async with asyncio.timeout(timeout_s):
                reply = await worker.ask(prompt)
        except TimeoutError:
            raise await self._give_up(worker, before_ns, timeout_s) from None
        except asyncio.CancelledError:
            await worker.kill()  # it would answer a question that nobody asks any more
            raise
        self._breaker = self._breaker.succeeded()
        return answer_of(reply)

    async def _give_up(self, worker: WorkerProcess, before_ns: int | None, timeout_s: float) -> ArmError:
        """End a worker that is past its deadline, and return the error to raise, also when cancelled meanwhile."""
        late = f"no answer within {timeout_s:g} s"
        error: ArmError
        try:
            use = await cpu_use(worker, before_ns, timeout_s)
        except asyncio.CancelledError:  # the deadline had passed before, and that is B's outcome
            error = ArmTimeout(late, reason=late)
        else:
            starved = f"starved: {use.cpu_ms:.0f} ms of CPU before the deadline" if use.starved else None
            kind = ArmDropped if starved else ArmTimeout
            error = kind(starved or late, reason=starved or late, cpu_ms=use.cpu_ms)
        self._lost(worker, f"{error.status}: {error}")
        await worker.kill()
        return error

    def _lost(self, worker: WorkerProcess | None, reason: str) -> None:
        """Count a worker's end once, whoever noticed it first: a run or the supervisor."""
        if self._worker is not worker:
            return
        now = self._clock()
        self._breaker = self._breaker.failed(now)
        self._last_failure = reason
        circuit = self._breaker.state(now)
        self._warn("shadow worker lost", reason, now)
        if circuit != "closed":
            self._decide(None, f"circuit open after {self._breaker.failures} failures: {reason}")
        else:
            # Runs wait for the successor of a worker that died; one that could not load answers those who wait.
            self._decide(None, reason if worker is None else None)

    def _warn(self, event: str, reason: str, now: float) -> None:
        _log.warning(
            event,
            **{"traffic.arm": f"shadow_{self._name}"},
            reason=reason,
            failures=self._breaker.failures,
            circuit=self._breaker.state(now),
            next_start_s=self._breaker.delay(now),
        )

    def _decide(self, worker: WorkerProcess | None, refusal: str | None) -> None:
        self._worker, self._refusal = worker, refusal
        if worker or refusal:
            self._decided.set()
        else:
            self._decided.clear()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._breaker.delay(self._clock()))
            self._starts += 1
            try:
                await self._live()
            except WorkerStarved as error:
                # No failure of B's: no back-off (loading took its whole time already), and the circuit stays as it is.
                self._last_failure = str(error)
                self._warn("shadow worker starved", str(error), self._clock())
            except Exception as error:  # noqa: BLE001 - keeping B alive must not end on B's ways to die
                self._lost(self._worker, str(error) or type(error).__name__)

    async def _live(self) -> None:
        """Start a worker and stay until it has ended; raises WorkerDied, WorkerStarved or OSError without one."""
        worker = await WorkerProcess.start(self._spec)
        try:
            self._decide(worker, None)
            await worker.wait()
            self._lost(worker, await worker.ended())
        finally:
            if self._worker is worker:
                self._decide(None, None)
            await worker.kill()
