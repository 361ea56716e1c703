"""An arm in a worker process that is restarted with back-off when it dies; the prompt is then retried once.

Whatever the process does (exit, hang, lie, starve), `infer` returns an answer or raises an ArmError.
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

# The prompt may not be why the process died, so it is retried once on a fresh process.
ATTEMPTS = 2
_log = structlog.get_logger()


class HostedArm:
    """One arm and its worker process, from `start` to `close`. It answers one prompt at a time."""

    def __init__(self, name: str, spec: WorkerSpec, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._spec = spec
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        # Set while there is a worker, or a reason not to wait for one.
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
        """Whether a process has loaded, and how the previous one ended."""
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
        """Return None: the model is in another process, which refuses prompts that are too long."""
        return None

    async def infer(self, prompt: str, timeout_s: float) -> Answer:
        """Answer the prompt; raises ArmTimeout, ArmRaised, BadOutput, or ArmDropped if the arm could not run.

        Each attempt waits up to timeout_s for a process that is loading, and then up to timeout_s for the answer.
        """
        async with self._one_at_a_time:
            died: WorkerDied | None = None
            for _ in range(ATTEMPTS):
                try:
                    worker = await self._available(timeout_s)
                except ArmError as unavailable:
                    # Report the crash even if the restart times out.
                    raise died or unavailable from None
                try:
                    return await self._ask(worker, prompt, timeout_s)
                except WorkerDied as error:
                    self._lost(worker, str(error))
                    died = error
            raise died or ArmRaised("never tried")

    async def close(self) -> None:
        """Stop the supervisor, which kills the worker."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            # asyncio.wait, because awaiting the task would raise its cancellation here.
            await asyncio.wait({self._supervisor})

    async def _available(self, timeout_s: float) -> WorkerProcess:
        """Return the worker once it has loaded; raises ArmDropped or ArmRaised if there is none."""
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
            await worker.kill()  # otherwise its late reply would be read as the answer to the next prompt
            raise
        self._breaker = self._breaker.succeeded()
        return answer_of(reply)

    async def _give_up(self, worker: WorkerProcess, before_ns: int | None, timeout_s: float) -> ArmError:
        """Kill a worker that is past its deadline and return the error to raise, even if cancelled meanwhile."""
        late = f"no answer within {timeout_s:g} s"
        error: ArmError
        try:
            use = await cpu_use(worker, before_ns, timeout_s)
        except asyncio.CancelledError:  # the deadline passed before the cancellation, so the outcome is a timeout
            error = ArmTimeout(late, reason=late)
        else:
            starved = f"starved: {use.cpu_ms:.0f} ms of CPU before the deadline" if use.starved else None
            kind = ArmDropped if starved else ArmTimeout
            error = kind(starved or late, reason=starved or late, cpu_ms=use.cpu_ms)
        self._lost(worker, f"{error.status}: {error}")
        await worker.kill()
        return error

    def _lost(self, worker: WorkerProcess | None, reason: str) -> None:
        """Count a worker's end once; both a run and the supervisor may notice it."""
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
            # After a crash, runs wait for the next worker. If a worker could not load, waiting runs fail at once.
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
                # Not B's failure, so the circuit does not change. No back-off either: loading took its full time.
                self._last_failure = str(error)
                self._warn("shadow worker starved", str(error), self._clock())
            except Exception as error:  # noqa: BLE001 - no failure of B may end its supervisor
                self._lost(self._worker, str(error) or type(error).__name__)

    async def _live(self) -> None:
        """Start a worker and wait until it ends; raises WorkerDied, WorkerStarved or OSError if it does not start."""
        worker = await WorkerProcess.start(self._spec)
        try:
            self._decide(worker, None)
            await worker.wait()
            self._lost(worker, await worker.ended())
        finally:
            if self._worker is worker:
                self._decide(None, None)
            await worker.kill()
