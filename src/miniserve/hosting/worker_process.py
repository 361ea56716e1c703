"""The server's handle on a worker process: starts it, sends it prompts, kills it.

hosted_arm.py restarts workers and enforces deadlines; worker.py is the program that the process runs.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from miniserve.errors import ArmRaised
from miniserve.hosting import frames
from miniserve.hosting.child import CONNECTION_FD, Child
from miniserve.hosting.starvation import cpu_use

WORKER_COMMAND = (sys.executable, "-m", "miniserve.hosting.worker")
# An allow-list, so that no secret in the server's environment reaches B.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
# With the process id, this forms the id of its CPU clock (clock_getcpuclockid(3), which Python does not wrap).
_CPU_CLOCK = 2
# Real-time signals have numbers without names.
_SIGNALS = {int(known): known.name for known in signal.Signals}


@dataclass(frozen=True)
class WorkerSpec:
    """What a worker process runs, and its limits: seconds to load, and MB of address space."""

    models_dir: Path
    sha: str
    warm_up: str
    command: tuple[str, ...] = WORKER_COMMAND
    load_s: float = 60.0
    memory_mb: int = 2_048

    def arguments(self) -> tuple[str, ...]:
        """Return the command line, with this process as the parent."""
        arm = ("--models", str(self.models_dir), "--sha", self.sha, "--warm-up", self.warm_up)
        limits = ("--memory-mb", str(self.memory_mb), "--parent", str(os.getpid()))
        return (*self.command, "--fd", str(CONNECTION_FD), *arm, *limits)


class WorkerDied(ArmRaised):
    """The process ended, or had to be killed, before it answered."""


class WorkerStarved(Exception):
    """The process got no CPU while it had to load. The machine was busy, which says nothing about B."""


class WorkerProcess:
    """One running worker process, made by `start`; unusable after `kill` or after `ask` raised WorkerDied."""

    def __init__(
        self, process: Child, scratch: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self._scratch: Path | None = scratch
        self._reader = reader
        self._writer = writer
        self._seq = 0
        self._last_words: str | None = None
        self.engine = ""

    @classmethod
    async def start(cls, spec: WorkerSpec) -> "WorkerProcess":
        """Start the process and wait until it has loaded its arm.

        Raises WorkerDied if it does not load within spec.load_s, WorkerStarved if it did not for lack of CPU, and
        OSError if the process cannot be started.
        """
        ours, theirs = socket.socketpair()
        with theirs, ExitStack() as on_failure:
            on_failure.callback(ours.close)
            # The only folder that the worker may write in. Loading a model needs one.
            scratch = Path(tempfile.mkdtemp(prefix="lynx-worker-"))
            on_failure.callback(scratch.rmdir)
            environ = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
            environ |= {"OMP_NUM_THREADS": "1", "TMPDIR": str(scratch)}
            process = Child.spawn(spec.arguments(), environ, theirs.fileno())
            on_failure.pop_all()
        reader, writer = await asyncio.open_connection(sock=ours, limit=frames.MAX_FRAME_BYTES)
        worker = cls(process, scratch, reader, writer)
        try:
            async with asyncio.timeout(spec.load_s):
                ready = await worker._receive()
        except TimeoutError:
            raise await worker._not_loaded(spec.load_s) from None
        except WorkerDied as error:
            raise WorkerDied(f"failed to load: {error}") from error
        except asyncio.CancelledError:
            await worker.kill()
            raise
        if not isinstance(ready, frames.Ready):
            raise await worker._violation(f"{type(ready).__name__.lower()} before ready")
        worker.engine = ready.engine[: frames.MAX_REASON_CHARS]
        return worker

    async def _not_loaded(self, load_s: float) -> WorkerDied | WorkerStarved:
        """Kill a process that took too long to load, and return the error to raise."""
        try:
            use = await cpu_use(self, 0, load_s)
        finally:
            await self.kill()
        if use.starved:
            return WorkerStarved(f"starved while loading: {use.cpu_ms:.0f} ms of CPU in {load_s:g} s")
        return WorkerDied(f"failed to load: not ready after {load_s:g} s")

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def ask(self, prompt: str) -> frames.Answered | frames.Refused:
        """Send one prompt and return the reply.

        Raises WorkerDied if the process ends first, or breaks the protocol and is killed.
        """
        self._seq += 1
        with contextlib.suppress(ConnectionError):  # reading the reply reports a dead peer, with its exit code
            self._writer.write(frames.encode(frames.Ask(self._seq, prompt)))
            await self._writer.drain()
        reply = await self._receive()
        if not isinstance(reply, frames.Answered | frames.Refused):
            raise await self._violation(f"an unexpected {type(reply).__name__.lower()}")
        if reply.seq != self._seq:
            raise await self._violation(f"a reply to prompt {reply.seq}: expected {self._seq}")
        return reply

    async def _receive(self) -> frames.FromWorker:
        try:
            header = await self._reader.readexactly(frames.HEADER_BYTES)
            payload = await self._reader.readexactly(frames.payload_length(header))
            message = frames.decode_from_worker(payload)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise WorkerDied(await self.ended()) from None
        except frames.FrameError as error:
            raise await self._violation(str(error)) from None
        if isinstance(message, frames.Failed):
            self._last_words = message.reason[: frames.MAX_REASON_CHARS]
            raise WorkerDied(await self.ended())
        return message

    async def _violation(self, what: str) -> WorkerDied:
        """Kill a worker that broke the protocol, and return the error to raise."""
        await self.kill()
        return WorkerDied(f"protocol: {what}")

    def cpu_ns(self) -> int | None:
        """Return the CPU time of all threads so far, or None if the process is gone.

        Not read from /proc, because its cached entries make reaping expensive (see child.py).
        """
        try:
            return time.clock_gettime_ns((~self.pid << 3) | _CPU_CLOCK)
        except OSError:
            return None

    def is_runnable(self) -> bool:
        """Return whether one of its threads is running or waiting for a CPU; sleeping threads do not count."""
        for file in Path(f"/proc/{self.pid}/task").glob("*/stat"):
            with contextlib.suppress(OSError):  # that thread has ended
                # The name in a thread's line may contain anything; its state is what follows the last bracket, proc(5).
                if file.read_text(errors="replace").rpartition(")")[2].split()[0] == "R":
                    return True
        return False

    async def ended(self) -> str:
        """Make sure the process is gone, and return how it ended."""
        # The peer may have closed the socket without exiting: wait for its exit code for a moment, then kill it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await self._process.wait()
        await self.kill()
        code = self._process.returncode or 0
        how = f"signal {_SIGNALS.get(-code, -code)}" if code < 0 else f"exit {code}"
        return f"{how}: {self._last_words}" if self._last_words else how

    async def wait(self) -> None:
        """Wait until the process has ended."""
        await self._process.wait()

    async def kill(self) -> None:
        """Kill the process and its whole session, and wait until it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._writer.close()
        await self._process.wait()
        if self._scratch is not None:
            scratch, self._scratch = self._scratch, None
            # On a thread, because B decides how much there is to remove; the server's end waits for it.
            threading.Thread(target=shutil.rmtree, args=(scratch, True), name="remove scratch folder").start()
