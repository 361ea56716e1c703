"""Keeps one of the parent's N server processes running: restarts it with back-off when it exits."""

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

# A process that ran this long, loading included, is restarted at once when it exits.
_STABLE_S = 3.0
# The breaker's back-off grows to minutes, as suits a shadow; a server without processes must retry sooner.
_LONGEST_DELAY_S = 10.0
_log = structlog.get_logger()


class Slot:
    """Keeps one server process running until `stop`; `on_exit` runs after a process exits and before the restart."""

    def __init__(self, command: Sequence[str], begin: Begin, on_exit: Callable[[], Awaitable[None]]) -> None:
        self._command = tuple(command)
        self._begin = begin
        self._on_exit = on_exit
        self._stopping = asyncio.Event()
        self._process: ServerProcess | None = None
        self._breaker = Breaker()
        self.ready = asyncio.Event()  # set once a process has been ready, and never cleared
        self.restarts = 0

    async def supervise(self) -> int:
        """Run a process and restart it whenever it exits, until `stop`; returns the last exit code.

        Also returns if the first process exits before it was ready, because a restart would fail for the same reason.
        """
        while True:
            code = await self._run_once()
            if self._stopping.is_set() or not self.ready.is_set():
                return code
            delay_s = min(self._breaker.delay(time.monotonic()), _LONGEST_DELAY_S)
            _log.error("server process exited, restarting", code=code, slot=self._begin.slot, delay_s=delay_s)
            # Before the delay, which may be 10 s: the dead process's lines should not be missing for so long.
            await self._on_exit()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._stopping.wait()
                    return code
            self.restarts += 1

    @property
    def running(self) -> bool:
        """Whether a process runs, loading or serving."""
        return self._process is not None

    async def status(self, timeout_s: float) -> ProcessStatus | None:
        """Return the process's status, None if no process runs or it has not reported yet."""
        return await self._process.status(timeout_s) if self._process else None

    def stop(self) -> None:
        """Ask the process to drain and exit, and do not restart it."""
        self._stopping.set()
        if self._process:
            self._process.stop()

    def kill(self) -> None:
        """Kill the process."""
        if self._process:
            self._process.kill()

    async def _run_once(self) -> int:
        """Start a process and wait until it exits; returns its exit code."""
        started = time.monotonic()
        try:
            self._process = process = await ServerProcess.start(self._command, self._begin, self.ready)
        except OSError as error:
            _log.error("server process not started", reason=str(error))
            self._breaker = self._breaker.failed(time.monotonic())
            return 1
        if self._stopping.is_set():  # `stop` was called while the process was being started
            process.stop()
        code = await process.wait()
        self._process = None
        now = time.monotonic()
        self._breaker = (Breaker() if now - started > _STABLE_S else self._breaker).failed(now)
        route: dict[str, Any] | None = process.latest.route if process.latest else None
        # The next process starts with the configuration that was in force. If the file has become unusable, it is
        # refused like any change, and does not keep the process from starting.
        self._begin = replace(self._begin, load_first=True, route=route or self._begin.route)
        return code
