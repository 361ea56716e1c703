"""Keeps the traffic log and the journal consistent: one line per answered request, even if this process dies.

A file that cannot be written never fails a request. Lines that could not be written wait in memory and are retried
with every request, every readiness probe and every second. Lines that no longer fit in memory are lost: they are
counted, and a line in the log reports them once writing works.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from msgspec.structs import replace

from minieval.record.line import to_line
from minieval.record.record import ArmResult, RecordError, TrafficRecord
from miniobserve.metrics.metrics import Metrics
from miniserve.log.journal import Journal, recover
from miniserve.log.stdout_log import StdoutLog
from miniserve.log.traffic_log import LOCK_TIMEOUT_S, LONG_LOCK_TIMEOUT_S, Log, TrafficLog

_log = structlog.get_logger()
STDOUT = Path("-")
# Lines that may wait in memory while the log cannot be written: some 10 MB.
UNWRITTEN_LIMIT = 10_000
# A full disk under load fails a thousand times a second. The metric counts each failure; the log reports it this often.
_REPEAT_S = 10.0
_INTERRUPTED = ArmResult("interrupted", reason="the server died while the shadow was running")


@dataclass(frozen=True)
class Books:
    """How many records wait in memory for the log, are in the journal only, or were lost."""

    waiting: int
    unsettled: int
    lost: int


def open_log(path: Path, on_dropped: Callable[[int], None]) -> Log:
    """Open the log at this path, STDOUT for stdout; `on_dropped` counts lines that stdout does not accept.

    Raises OSError if the file cannot be opened.
    """
    return StdoutLog(on_dropped) if path == STDOUT else TrafficLog(path, LONG_LOCK_TIMEOUT_S)


class Ledger:
    """One record per request, even if this process dies.

    The constructor first recovers the journals of dead processes. `traffic_log` is the file of records, STDOUT for
    stdout; by default it is in the state folder. Raises OSError if the files cannot be written.
    """

    def __init__(
        self,
        state_dir: Path,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
        *,
        traffic_log: Path | None = None,
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._reported_at: float | None = None  # when the log last reported that something cannot be written
        self._journal_failed = False
        self._unwritten: deque[tuple[str, bytes]] = deque()  # record ids and their lines
        self._lost = 0  # not yet reported by a line
        self._lost_ever = 0
        self._dropped_any = False
        self._log = open_log(traffic_log or state_dir / "traffic.log", self._count_dropped)
        self._recover(state_dir / "journal")
        # From here on requests wait for the lock.
        self._log.set_lock_timeout(LOCK_TIMEOUT_S)
        self._journal = Journal(state_dir / "journal")

    def _recover(self, journal: Path) -> None:
        try:
            recovered = recover(journal, self._log)
        except BlockingIOError as error:  # the journals that are left stay for the next start
            _log.error("journal not recovered, the next start will", reason=str(error))
            return
        if recovered:
            _log.warning("recovered interrupted requests", lines=recovered)
            self._metrics.shadow_outcomes.labels(_INTERRUPTED.status).inc(recovered)

    def promise(self, record: TrafficRecord, shadow_arm: str) -> None:
        """Journal a request that is about to be answered while its shadow still has to run."""
        interrupted = replace(record, results={**record.results, shadow_arm: _INTERRUPTED})
        try:
            self._journal.open_entry(interrupted)
            self._journal_failed = False
        except RecordError as error:  # `record` will count it
            _log.error("promise not written", reason=str(error))
        except OSError as error:
            self._journal_failed = True
            self._failed("promise not written", error)

    def record(self, record: TrafficRecord) -> None:
        """Append the request's line and settle its journal entry; if that fails, keep the line for a retry."""
        try:
            self._unwritten.append((record.record_id, to_line(record)))
        except RecordError as error:  # no line can hold it, so a retry would fail as well
            _log.error("record lost", reason=str(error))
            self._lose(record.record_id)
        if len(self._unwritten) > UNWRITTEN_LIMIT:
            evicted, _ = self._unwritten.popleft()
            self._lose(evicted)
        self.flush()

    def flush(self) -> bool:
        """Write the waiting lines; returns whether all are written and the journal is writable, too."""
        try:
            while self._unwritten:
                record_id, line = self._unwritten[0]
                # Remove and settle only after the write, or an OSError would lose the line.
                self._log.append_line(line)
                self._unwritten.popleft()
                self._journal.settle(record_id)
            self._report_lost()
            if self._journal_failed:
                self._journal.probe()
                self._journal_failed = False
        except OSError as error:
            self._failed("books not written", error)
            return False
        if self._reported_at is not None:
            self._reported_at = None
            _log.info("everything is written again")
        return True

    @property
    def books(self) -> Books:
        """What the log lacks at the moment, and what was lost since this process started."""
        return Books(len(self._unwritten), len(self._journal), self._lost_ever)

    def close(self) -> None:
        """Write what can be written, count the rest as lost unless the journal has it, and close the files."""
        # No request waits any more, so wait longer for the lock.
        self._log.set_lock_timeout(LONG_LOCK_TIMEOUT_S)
        if not self.flush() and self._unwritten:
            # On a full disk, a journal of settled entries may hold just the space that the lines need.
            self._journal.make_room()
            self.flush()
            self._count_unwritten()
        self._journal.close()
        if lost := self._log.close():
            self._metrics.log_lost.inc(lost)
            _log.error("stopped before everything was written", lost=lost, reported_in_log=False)

    def _count_unwritten(self) -> None:
        """Count the waiting lines as lost; a line that says so may fit where a record does not."""
        for record_id, _ in self._unwritten:
            self._lose(record_id)
        self._unwritten.clear()
        if not self._lost:
            return
        lost, reported = self._lost, True
        try:
            self._report_lost()
        except OSError:
            reported = False
        _log.error("stopped before everything was written", lost=lost, reported_in_log=reported)

    def _lose(self, record_id: str) -> None:
        """Count a record as lost, unless the next start will recover it from the journal."""
        if not self._journal.holds(record_id):
            self._lost += 1
            self._lost_ever += 1
            self._metrics.log_lost.inc()

    def _count_dropped(self, count: int) -> None:
        """Count lines that stdout did not take, on whichever thread finds out; the first one is logged."""
        if not self._dropped_any:
            self._dropped_any = True
            _log.error("stdout does not take the traffic log; lines are dropped and counted")
        self._metrics.log_lost.inc(count)

    def _report_lost(self) -> None:
        if self._lost:
            self._log.append_loss(self._lost)
            self._lost = 0

    def _failed(self, what: str, error: OSError) -> None:
        self._metrics.log_errors.inc()
        if self._reported_at is not None and self._clock() - self._reported_at < _REPEAT_S:
            return
        self._reported_at = self._clock()
        _log.error(what, waiting=len(self._unwritten), lost=self._lost, reason=str(error))
