"""Metrics of several processes as those of one server: each counts into files of a common folder, one reads them all.

The files are prometheus_client's (its multi-process mode), named by slot instead of by process id: a process that
follows a dead one in its slot counts on from where that one stopped, so counters never fall and files never pile up.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.openmetrics.exposition import generate_latest

from miniobserve.metrics.gauges import StateGauges

# Room for some 4,000 series. Reserved, because writing to a hole of a mapped file on a full disk ends the process.
FILE_BYTES = 2**20
_KINDS = ("counter", "histogram")


def fresh_folder(parent: Path) -> Path:
    """Return an empty folder for this process's children in `parent`, and remove those of dead processes.

    Raises OSError when it cannot be made.
    """
    for folder in parent.glob("[0-9]*"):
        if int(folder.name) == os.getpid() or not _alive(int(folder.name)):
            shutil.rmtree(folder, ignore_errors=True)
    own = parent / str(os.getpid())
    own.mkdir(parents=True, mode=0o700)
    return own


def join(folder: Path, slot: int) -> None:
    """Let every metric that is made from here on in this process count into the folder.

    Raises OSError when the disk has no room for that.
    """
    for kind in _KINDS:
        path = folder / f"{kind}_{slot}.db"
        if not path.exists():
            with path.open("xb") as file:
                os.posix_fallocate(file.fileno(), 0, FILE_BYTES)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: slot)  # type: ignore[no-untyped-call]  # the library leaves it untyped


class SharedMetrics:
    """The metrics of the processes that joined the folder, with the state of all as gauges."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._registry = CollectorRegistry()
        MultiProcessCollector(self._registry, str(folder))  # type: ignore[no-untyped-call]  # as above
        self.gauges = StateGauges(self._registry)
        self.restarts = Counter(
            "server_restarts", "Server processes that died and were followed by another", registry=self._registry
        )

    def exposition(self) -> bytes:
        """Return the metrics in the OpenMetrics text format."""
        text: bytes = generate_latest(self._registry)  # type: ignore[no-untyped-call]  # as above
        return text

    def remove(self) -> None:
        """Remove the folder: nobody counts into it any more."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, 0)
        return True
    return False
