"""The parent's handle on a server process: starts it, asks for its status, stops it."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

import msgspec

from miniserve.loopback.status import ProcessStatus
from miniserve.processes.channel import Begin

SERVER_COMMAND = (sys.executable, "-m", "miniserve")
_MAX_STATUS_BYTES = 2**20
_decoder = msgspec.json.Decoder(ProcessStatus)


class ServerProcess:
    """One running server process, made by `start`. `latest` is the last status it reported."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ready: asyncio.Event,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._reported = asyncio.Event()
        self._reading = asyncio.create_task(self._read(), name=f"status of {process.pid}")
        self._ready = ready
        self.latest: ProcessStatus | None = None

    @classmethod
    async def start(cls, command: Sequence[str], begin: Begin, ready: asyncio.Event) -> "ServerProcess":
        """Start the process, and set `ready` once it reports ready; raises OSError if the system cannot start it."""
        ours, theirs = socket.socketpair()
        with theirs, ExitStack() as on_failure:
            on_failure.callback(ours.close)
            process = await asyncio.create_subprocess_exec(
                *command,
                *("--child", str(theirs.fileno())),
                pass_fds=(theirs.fileno(), begin.public_fd),
                stdin=asyncio.subprocess.PIPE,
            )
            on_failure.pop_all()
        if process.stdin is not None:
            with contextlib.suppress(ConnectionError):  # it exited already; `wait` returns its code
                process.stdin.write(begin.encode())
                process.stdin.close()
        return cls(process, *await asyncio.open_connection(sock=ours, limit=_MAX_STATUS_BYTES), ready)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def status(self, timeout_s: float) -> ProcessStatus | None:
        """Return the process's status now, or its last one if the answer takes too long; None if it never reported."""
        if self._reading.done():  # nobody would answer
            return self.latest
        self._reported.clear()
        self._writer.write(b"?")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._reported.wait()
        return self.latest

    def stop(self) -> None:
        """Ask the process to drain and exit."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process."""
        self._signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Wait until the process exits; returns its exit code, negative for a signal."""
        code = await self._process.wait()
        await self._reading  # until the channel closes, so that `latest` is the last status
        self._writer.close()
        return code

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionError):
            async for line in self._reader:
                self.latest = _decoder.decode(line)
                self._reported.set()
                if self.latest.ready:
                    self._ready.set()
        if self.latest:
            self.latest = replace(self.latest, ready=False)  # it no longer serves
        self._reported.set()
