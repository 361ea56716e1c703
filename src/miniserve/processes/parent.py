"""The parent of several server processes: binds the public socket, starts the processes, and stops them together.

Only the parent serves the loopback port. The processes accept from the public socket themselves, so no request passes
through the parent.
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import structlog

from miniobserve.metrics.shared import SharedMetrics, fresh_folder
from miniserve.errors import ServeError, SettingsError
from miniserve.http.ports import listen
from miniserve.log.journal import recover
from miniserve.log.ledger import open_log
from miniserve.loopback.port import Loopback
from miniserve.loopback.status import ProcessStatus, details, set_gauges
from miniserve.processes.channel import Begin
from miniserve.processes.slot import Slot
from miniserve.processes.stand_in import StandIn
from miniserve.processes.stopping import StopRequest
from miniserve.settings import Settings

_POLL_S = 0.5
_STATUS_TIMEOUT_S = 1.0
# On top of the time for draining, because a process also flushes spans and stops its shadow.
_STOP_MARGIN_S = 10.0
_log = structlog.get_logger()


class ProcessesFailed(ServeError):
    """The first process did not start, or one did not stop in time; the log says why. `code` is the exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit code {code}")
        self.code = code


class Parent:
    """One server made of several processes, from the start of the first to the exit of the last."""

    def __init__(self, settings: Settings, stop_request: StopRequest, command: Sequence[str]) -> None:
        self._settings = settings
        self._stop_request = stop_request
        self._command = tuple(command)
        self._stopping = asyncio.Event()
        self._slots: list[Slot] = []
        try:
            self._metrics = SharedMetrics(fresh_folder(settings.state_dir / "metrics"))
        except OSError as error:
            raise SettingsError(f"LYNX_STATE_DIR is {str(settings.state_dir)!r}: {error.strerror}") from error

    async def run(self) -> None:
        """Run until asked to stop; raises SettingsError if an address is unavailable, and ProcessesFailed."""
        settings = self._settings
        with listen(settings.host, settings.port) as public:
            loopback = Loopback(settings, self, public)
            self._stop_request.handle(asyncio.get_running_loop(), self._stopping.set)
            serving = asyncio.create_task(loopback.serve())
            watching = asyncio.create_task(self._watch(StandIn(public)))
            try:
                await self._run_slots(public, loopback)
            finally:
                watching.cancel()
                loopback.close()
                await serving
                self._metrics.remove()
        _log.info("stopped")

    async def details(self) -> dict[str, Any]:
        """Return the route in force and the state of each process (see status.details)."""
        statuses = await self._statuses()
        found = details(statuses)
        all_run = len(statuses) == self._settings.workers
        return {**found, "ready": found["ready"] and all_run, "restarts": self._restarts}

    async def exposition(self) -> bytes:
        """Return the metrics of all processes, added up, in the OpenMetrics text format."""
        set_gauges(self._metrics.gauges, await self._statuses())
        return self._metrics.exposition()

    @property
    def _restarts(self) -> int:
        return sum(slot.restarts for slot in self._slots)

    async def _statuses(self) -> list[ProcessStatus]:
        found = await asyncio.gather(*(slot.status(_STATUS_TIMEOUT_S) for slot in self._slots))
        return [status for status in found if status is not None]

    async def _run_slots(self, public: socket.socket, loopback: Loopback) -> None:
        supervisors: list[asyncio.Task[int]] = []
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            for number in range(self._settings.workers):
                slot, supervisor = self._open_slot(number, public)
                supervisors.append(supervisor)
                # One at a time, so that unusable settings or models are reported once, not N times.
                ready = asyncio.create_task(slot.ready.wait())
                await asyncio.wait((supervisor, ready, stopping), return_when=asyncio.FIRST_COMPLETED)
                ready.cancel()
                if supervisor.done() and not stopping.done():
                    raise ProcessesFailed(max(supervisor.result(), 1))
                if stopping.done():
                    break
            else:
                loopback.announce()
                await stopping
        finally:
            stopping.cancel()
            # Before waiting for the processes: as long as the parent holds the socket, the kernel accepts connections
            # that nobody will serve.
            public.close()
            await self._end(supervisors)

    def _open_slot(self, number: int, public: socket.socket) -> tuple[Slot, asyncio.Task[int]]:
        begin = Begin(number, public.fileno(), str(self._metrics.folder), route=None, load_first=number > 0)
        slot = Slot(self._command, begin, self._recover)
        self._slots.append(slot)
        return slot, asyncio.create_task(slot.supervise(), name=f"server process {number}")

    async def _end(self, supervisors: Sequence[asyncio.Task[int]]) -> None:
        """Drain every process; raises ProcessesFailed if one has to be killed."""
        settings = self._settings
        for slot in self._slots:
            slot.stop()
        limit_s = (settings.deadline_ms + settings.drain_ms) / 1e3 + _STOP_MARGIN_S
        _, late = await asyncio.wait(supervisors, timeout=limit_s)
        if not late:
            return
        _log.error("server processes did not stop in time", count=len(late), after_s=limit_s)
        for slot in self._slots:
            slot.kill()
        await asyncio.wait(late)
        raise ProcessesFailed(1)

    async def _recover(self) -> None:
        """Write a dead process's missing lines now, without waiting for the restart."""
        self._metrics.restarts.inc()
        try:
            recovered = await asyncio.to_thread(self._recover_journals)
        except OSError as error:
            _log.error("journal not recovered, the next start will", reason=str(error))
        else:
            _log.warning("recovered interrupted requests", lines=recovered)

    def _recover_journals(self) -> int:
        with closing(open_log(self._settings.log_path, _report_dropped)) as log:
            return recover(self._settings.state_dir / "journal", log)

    async def _watch(self, stand_in: StandIn) -> None:
        """Refresh each process's last status, whose route a restart begins with; switch the stand-in on and off."""
        while True:
            await asyncio.sleep(_POLL_S)
            await self._statuses()
            all_down = not any(slot.running for slot in self._slots)
            await stand_in.set_active(all_down and not self._stopping.is_set())


def _report_dropped(count: int) -> None:
    _log.error("recovered lines dropped: stdout does not take them", lost=count)
