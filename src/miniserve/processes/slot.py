"""One place among the server processes of a parent: whoever dies there is followed by another, with back-off."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import structlog

from miniserve.hosting.breaker import Breaker
from miniserve.loopback.status import ProcessStatus
from miniserve.processes.channel import Begin
from miniserve.processes.server_process import ServerProcess

# Who was up that long, loading included, has shown that it can: it is followed at once.
_STABLE_S = 3.0
# Without a process there is no server, so somebody tries again that often, whatever the back-off says.
_LONGEST_DELAY_S = 10.0
_log = structlog.get_logger()


class Slot:
    """Keeps a server process alive from `keep` to `stop`; `on_death` runs between a death and the next start."""

    def __init__(self, command: Sequence[str], begin: Begin, on_death: Callable[[], Awaitable[None]]) -> None:
        self._command = tuple(command)
        self._begin = begin
        self._on_death = on_death
        self._stopping = asyncio.Event()
        self._process: ServerProcess | None = None
        self._breaker = Breaker()
        self.ready = asyncio.Event()  # set from when the first process is ready
        self.restarts = 0

    async def keep(self) -> int:
        """Keep a process alive until `stop`; returns the exit code of the last.

        It also returns when the first one ends before it was ever ready: what stops that one stops the next.
        """
        while True:
            code = await self._live()
            if self._stopping.is_set() or not self.ready.is_set():
                return code
            delay_s = min(self._breaker.delay(time.monotonic()), _LONGEST_DELAY_S)
            _log.error("server process ended, another follows", code=code, slot=self._begin.slot, delay_s=delay_s)
            await self._on_death()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._stopping.wait()
                    return code
            self.restarts += 1

    @property
    def filled(self) -> bool:
        """Whether there is a process, loading or serving."""
        return self._process is not None

    async def status(self, patience_s: float) -> ProcessStatus | None:
        """Return what the process tells, None while there is none or if it has not told anything yet."""
        return await self._process.status(patience_s) if self._process else None

    def stop(self) -> None:
        """Ask the process to drain and end, and start no other."""
        self._stopping.set()
        if self._process:
            self._process.stop()

    def kill(self) -> None:
        """End the process at once."""
        if self._process:
            self._process.kill()

    async def _live(self) -> int:
        """Start a process, and stay until it has ended; returns its exit code."""
        started = time.monotonic()
        try:
            self._process = process = await ServerProcess.start(self._command, self._begin, self.ready)
        except OSError as error:
            _log.error("server process not started", reason=str(error))
            self._breaker = self._breaker.failed(time.monotonic())
            return 1
        if self._stopping.is_set():
            process.stop()
        code = await process.wait()
        self._process = None
        now = time.monotonic()
        self._breaker = (Breaker() if now - started > _STABLE_S else self._breaker).failed(now)
        route: dict[str, Any] | None = process.latest.route if process.latest else None
        # The next one begins with what was in force here, whatever the file says by then: a bad one is refused later.
        self._begin = replace(self._begin, load_first=True, route=route or self._begin.route)
        return code
