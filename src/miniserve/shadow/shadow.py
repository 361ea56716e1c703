"""Owns the shadow arm's runs: bounds them, times them out, tells each one's outcome once, and drains them.

A run is a task of its own on the event loop; its inference happens in a worker process. Whoever submits never waits
and never learns of a failure: the outcome goes to a callback. This is the one place that catches everything.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from msgspec.structs import replace

from minieval.record.record import ArmResult
from miniserve.arms import frames
from miniserve.arms.arm import usable_text
from miniserve.arms.worker_process import WORKER_COMMAND, WorkerDied, WorkerProcess
from miniserve.errors import BadOutput
from miniserve.shadow.breaker import Breaker

_log = structlog.get_logger()
OnOutcome = Callable[[ArmResult], None]
# Starved is who got less than a tenth of the deadline on a CPU, and then is found runnable by half of the looks without
# having had a CPU for half of the time.
STARVED_CPU_SHARE = 0.1
STARVED_LOOKS = 5
_LOOK_EVERY_S = 0.02
ATTEMPTS = 2
CANCELLED = ArmResult("cancelled", reason="the shadow was switched off or the server stopped")


@dataclass(frozen=True)
class ShadowLimits:
    """What a shadow arm may use: seconds for one sentence and for loading, runs at once, MB of address space."""

    timeout_s: float = 2.0
    load_s: float = 60.0
    queue: int = 256
    memory_mb: int = 2_048


@dataclass(frozen=True)
class ShadowState:
    """What the details page shows of the shadow arm's process."""

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
    """One shadow arm and the worker process it lives in, from `start` to `close`."""

    def __init__(
        self,
        arm: str,
        sha: str,
        models_dir: Path,
        limits: ShadowLimits,
        command: Sequence[str] = WORKER_COMMAND,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.arm = arm
        self.sha = sha
        self._models_dir = models_dir
        self._limits = limits
        self._command = tuple(command)
        self._clock = clock
        self._runs: set[asyncio.Task[ArmResult]] = set()
        self._turn = asyncio.Lock()  # one sentence at a time, in the order of their arrival
        # Set while there is a worker to ask, or a reason why nobody should wait for one.
        self._decided = asyncio.Event()
        self._worker: WorkerProcess | None = None
        self._refusal: str | None = None
        self._closed = False
        self._breaker = Breaker()
        self._starts = 0
        self._last_failure: str | None = None
        self._supervisor: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start keeping a worker alive; returns at once."""
        self._supervisor = asyncio.create_task(self._keep_alive(), name=f"shadow {self.arm}")

    @property
    def depth(self) -> int:
        """How many runs wait or compute."""
        return len(self._runs)

    @property
    def state(self) -> ShadowState:
        """The state of the arm's process."""
        worker = self._worker
        return ShadowState(
            arm=self.arm,
            sha=self.sha,
            up=worker is not None,
            pid=worker.pid if worker else None,
            engine=worker.engine if worker else None,
            waiting=self.depth,
            starts=self._starts,
            circuit=self._breaker.state(self._clock()),
            last_failure=self._last_failure,
        )

    def submit(self, sentence: str, on_outcome: OnOutcome) -> None:
        """Run the arm on the sentence, unseen; `on_outcome` is called exactly once, on the event loop."""
        if self._closed:
            on_outcome(CANCELLED)
            return
        if self.depth >= self._limits.queue:
            on_outcome(ArmResult("dropped", reason=f"queue full: {self.depth} shadows"))
            return
        run = asyncio.create_task(self._run(sentence, self._clock()))
        self._runs.add(run)
        run.add_done_callback(partial(self._settle, on_outcome))

    async def drain(self, seconds: float) -> None:
        """Give the running shadows that many seconds."""
        if self._runs:
            await asyncio.wait(self._runs, timeout=seconds)

    async def close(self) -> None:
        """Cancel what still runs, tell its outcome, and end the worker."""
        self._closed = True
        for run in self._runs:
            run.cancel()
        ending: set[asyncio.Task[Any]] = {*self._runs}
        if self._supervisor is not None:
            self._supervisor.cancel()
            ending.add(self._supervisor)
        if ending:
            # Neither their errors nor their cancellation are ours, but our own cancellation is.
            await asyncio.wait(ending)
        # One round of the loop, so that the callbacks of the cancelled runs have written their lines.
        await asyncio.sleep(0)

    def _settle(self, on_outcome: OnOutcome, run: asyncio.Task[ArmResult]) -> None:
        self._runs.discard(run)
        on_outcome(CANCELLED if run.cancelled() else run.result())

    async def _run(self, sentence: str, submitted: float) -> ArmResult:
        async with self._turn:
            queue_ms = (self._clock() - submitted) * 1e3
            try:
                result = await self._infer(sentence)
            except Exception as error:  # noqa: BLE001 - the one broad except: whatever B's run does ends here
                result = ArmResult("error", reason=f"{type(error).__name__}: {error}")
        return replace(result, queue_ms=queue_ms)

    async def _infer(self, sentence: str) -> ArmResult:
        died: ArmResult | None = None
        for _ in range(ATTEMPTS):
            worker = await self._available()
            if isinstance(worker, ArmResult):
                # Whoever killed its process is not excused by how long the next one takes to load.
                return died or worker
            before = worker.cpu_ns()
            try:
                async with asyncio.timeout(self._limits.timeout_s):
                    reply = await worker.ask(sentence)
            except TimeoutError:
                return await self._give_up(worker, before)
            except WorkerDied as error:
                self._lost(worker, str(error))
                died = ArmResult("error", reason=f"WorkerDied: {error}")
            except asyncio.CancelledError:
                await worker.kill()  # it would answer a question that nobody asks any more
                raise
            else:
                self._breaker = self._breaker.succeeded()
                return _result(reply)
        return died or ArmResult("error", reason="never tried")

    async def _available(self) -> WorkerProcess | ArmResult:
        """Return the worker once there is one, or the outcome that its absence means."""
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                await self._decided.wait()
        except TimeoutError:
            return ArmResult("dropped", reason=f"still loading after {self._limits.timeout_s:g} s")
        return self._worker or ArmResult("error", reason=self._refusal)

    async def _give_up(self, worker: WorkerProcess, before: int | None) -> ArmResult:
        """End a worker that is past its deadline, and return the outcome, also when cancelled meanwhile."""
        try:
            result = await self._late(worker, before)
        except asyncio.CancelledError:  # the deadline had passed before, and that is B's outcome
            result = self._timed_out(None)
        self._lost(worker, f"{result.status}: {result.reason}")
        await worker.kill()
        return result

    async def _late(self, worker: WorkerProcess, before: int | None) -> ArmResult:
        """Tell a worker that had its chance from one that got no CPU, which says nothing of B."""
        after = worker.cpu_ns()
        cpu_ms = _ms_between(before, after)
        if cpu_ms is not None and cpu_ms < STARVED_CPU_SHARE * self._limits.timeout_s * 1e3:
            looks = 0
            for _ in range(STARVED_LOOKS):
                looks += worker.is_runnable()
                await asyncio.sleep(_LOOK_EVERY_S)
            # A thread that runs is runnable, too: whoever had a core meanwhile did not wait for one.
            meanwhile_ms = _ms_between(after, worker.cpu_ns()) or 0.0
            if 2 * looks >= STARVED_LOOKS and 2 * meanwhile_ms < STARVED_LOOKS * _LOOK_EVERY_S * 1e3:
                return ArmResult(
                    "dropped", cpu_ms=cpu_ms, reason=f"starved: {cpu_ms:.0f} ms of CPU before the deadline"
                )
        return self._timed_out(cpu_ms)

    def _timed_out(self, cpu_ms: float | None) -> ArmResult:
        return ArmResult("timeout", cpu_ms=cpu_ms, reason=f"no answer within {self._limits.timeout_s:g} s")

    def _lost(self, worker: WorkerProcess | None, reason: str) -> None:
        """Count a worker's end once, whoever noticed it first: its run or the supervisor."""
        if self._worker is not worker:
            return
        now = self._clock()
        self._breaker = self._breaker.failed(now)
        self._last_failure = reason
        circuit = self._breaker.state(now)
        _log.warning(
            "shadow worker lost",
            **{"traffic.arm": f"shadow_{self.arm}"},
            reason=reason,
            failures=self._breaker.failures,
            circuit=circuit,
            next_start_s=self._breaker.delay(now),
        )
        if circuit != "closed":
            reason = f"circuit open after {self._breaker.failures} failures: {reason}"
            self._decide(None, reason)
        else:
            # A worker that could not load answers those who wait for it; one that died is waited for.
            self._decide(None, reason if worker is None else None)

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
            except Exception as error:  # noqa: BLE001 - as around a run: keeping B alive must not end on B's ways to die
                self._lost(self._worker, str(error) or type(error).__name__)

    async def _live(self) -> None:
        """Start a worker and stay until it has ended; raises WorkerDied or OSError when it does not start."""
        worker = await WorkerProcess.start(
            self._command, self._models_dir, self.sha, self._limits.memory_mb, self._limits.load_s
        )
        try:
            self._decide(worker, None)
            await worker.wait()
            self._lost(worker, await worker.ended())
        finally:
            if self._worker is worker:
                self._decide(None, None)
            await worker.kill()


def _ms_between(before_ns: int | None, after_ns: int | None) -> float | None:
    return None if before_ns is None or after_ns is None else (after_ns - before_ns) / 1e6


def _result(reply: frames.Answered | frames.Refused) -> ArmResult:
    if isinstance(reply, frames.Refused):
        return ArmResult(reply.status, latency_ms=reply.service_ms, cpu_ms=reply.cpu_ms, reason=reply.reason)
    try:
        text = usable_text(reply.text)
    except BadOutput as error:  # the worker checks too, but the worker is B's
        return ArmResult(error.status, latency_ms=reply.service_ms, cpu_ms=reply.cpu_ms, reason=f"BadOutput: {error}")
    return ArmResult(
        "ok",
        response=text,
        edit_applied=reply.edit_applied,
        latency_ms=reply.service_ms,
        tokens=reply.tokens,
        cpu_ms=reply.cpu_ms,
    )
