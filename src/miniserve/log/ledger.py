"""The books of a server process: the traffic log, and the journal of what the log still lacks.

A file that cannot be written never fails a request. What could not be written waits in memory and is tried again with
every request, every readiness probe and every second; what no longer fits there is lost, counted, and said in a line
of its own.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from miniobserve.metrics.metrics import Metrics
from miniserve.log.journal import Journal, recover
from miniserve.log.records import ArmResult, TrafficRecord
from miniserve.log.traffic_log import LONG_PATIENCE_S, PATIENCE_S, TrafficLog

_log = structlog.get_logger()
# What waits in memory while the log cannot be written: some 10 MB.
UNWRITTEN_LIMIT = 10_000
# A full disk under load fails a thousand times a second; the metric counts them all, people are told that often.
_REPEAT_S = 10.0
_INTERRUPTED = ArmResult("interrupted", reason="the server died while the shadow was running")


@dataclass(frozen=True)
class Books:
    """How many records wait for a log that can be written, stand in the journal only, or were lost."""

    waiting: int
    unsettled: int
    lost: int


class Ledger:
    """One record per request, also across the death of this process.

    Opening it first recovers what a dead process left in its journal. Raises OSError when the state folder cannot
    be written.
    """

    def __init__(self, state_dir: Path, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self._metrics = metrics
        self._clock = clock
        self._said_at: float | None = None  # since when people know that something cannot be written
        self._promise_broken = False
        self._unwritten: deque[TrafficRecord] = deque()
        self._lost = 0
        self._lost_ever = 0
        self._log = TrafficLog(state_dir / "traffic.log", LONG_PATIENCE_S)
        self._recover(state_dir / "journal")
        self._log.be_patient(PATIENCE_S)
        self._journal = Journal(state_dir / "journal")

    def _recover(self, journal: Path) -> None:
        try:
            recovered = recover(journal, self._log)
        except BlockingIOError as error:  # what is left of the journal stays for the next start
            _log.error("journal not recovered, the next start will", reason=str(error))
            return
        if recovered:
            _log.warning("recovered interrupted requests", lines=recovered)
            self._metrics.shadow_outcomes.labels(_INTERRUPTED.status).inc(recovered)

    def promise(self, record: TrafficRecord, shadow_arm: str) -> None:
        """Note a request that is about to be answered while its shadow still has to run."""
        interrupted = replace(record, results={**record.results, shadow_arm: _INTERRUPTED})
        try:
            self._journal.open_entry(interrupted)
            self._promise_broken = False
        except OSError as error:
            self._promise_broken = True
            self._failed("promise not written", error)

    def record(self, record: TrafficRecord) -> None:
        """Append the request's line, and settle what was promised; while that fails, keep it and try again."""
        self._unwritten.append(record)
        if len(self._unwritten) > UNWRITTEN_LIMIT:
            evicted = self._unwritten.popleft()
            if not self._journal.holds(evicted.record_id):
                self._lost += 1
                self._lost_ever += 1
                self._metrics.log_lost.inc()
        self.flush()

    def flush(self) -> bool:
        """Write what is waiting, and tell whether nothing is left to write and promises can be kept."""
        try:
            while self._unwritten:
                self._log.append(self._unwritten[0])
                self._journal.settle(self._unwritten.popleft().record_id)
            if self._lost:
                self._log.append_loss(self._lost)
                self._lost = 0
            if self._promise_broken:
                self._journal.probe()
                self._promise_broken = False
        except OSError as error:
            self._failed("books not written", error)
            return False
        if self._said_at is not None:
            self._said_at = None
            _log.info("everything is written again")
        return True

    @property
    def books(self) -> Books:
        """What the log lacks at the moment, and has lost since this process began."""
        return Books(len(self._unwritten), len(self._journal), self._lost_ever)

    def close(self) -> None:
        """Write what can be written, and close the files."""
        self._log.be_patient(LONG_PATIENCE_S)
        self.flush()
        if lost := sum(not self._journal.holds(record.record_id) for record in self._unwritten):
            _log.error("stopped before everything was written", lost=lost)
        self._journal.close()
        self._log.close()

    def _failed(self, what: str, error: OSError) -> None:
        self._metrics.log_errors.inc()
        if self._said_at is not None and self._clock() - self._said_at < _REPEAT_S:
            return
        self._said_at = self._clock()
        _log.error(what, waiting=len(self._unwritten), lost=self._lost, reason=str(error))
