"""The books of a server process: the traffic log, and the journal of what the log still lacks.

A file that cannot be written never fails a request: the loss is counted and said.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import structlog

from miniobserve.metrics import Metrics
from miniserve.journal import Journal, recover
from miniserve.records import ArmResult, TrafficRecord
from miniserve.trafficlog import TrafficLog

_log = structlog.get_logger()
_INTERRUPTED = ArmResult("interrupted", reason="the server died while the shadow was running")


class Ledger:
    """One record per request, also across the death of this process.

    Opening it first recovers what a dead process left in its journal. Raises OSError when the state folder cannot
    be written.
    """

    def __init__(self, state_dir: Path, metrics: Metrics) -> None:
        self._metrics = metrics
        self._log = TrafficLog(state_dir / "traffic.log")
        if recovered := recover(state_dir / "journal", self._log):
            _log.warning("recovered interrupted requests", lines=recovered)
        self._journal = Journal(state_dir / "journal")

    def promise(self, record: TrafficRecord, shadow_arm: str) -> None:
        """Note a request that is about to be answered while its shadow still has to run."""
        interrupted = replace(record, results={**record.results, shadow_arm: _INTERRUPTED})
        self._attempt(record, lambda: self._journal.open_entry(interrupted))

    def record(self, record: TrafficRecord) -> None:
        """Append the request's line, and settle what was promised."""
        if self._attempt(record, lambda: self._log.append(record)):
            self._journal.settle(record.record_id)

    def close(self) -> None:
        """Close the files."""
        self._journal.close()
        self._log.close()

    def _attempt(self, record: TrafficRecord, write: Callable[[], None]) -> bool:
        try:
            write()
        except OSError as error:
            self._metrics.log_errors.inc()
            _log.error("record not written", record_id=record.record_id, reason=str(error))
            return False
        return True
