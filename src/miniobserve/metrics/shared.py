"""Metrics of several processes as those of one server: each counts into files of a shared folder, the parent reads all.

The files are those of prometheus_client's multi-process mode, named by slot instead of by process id. A process that
replaces a dead one in its slot continues that one's counts, so counters never fall and files never accumulate. The
library's own way, the environment variable alone, names files by process id: each restart would leave two more, which
every scrape reads. So this module sets `values.ValueClass` and relies on the files' names; pyproject.toml bounds the
library's version, and tests/miniobserve/metrics/test_shared.py tests what is relied on.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.openmetrics.exposition import generate_latest

from miniobserve.metrics.gauges import StateGauges

# Room for some 4,000 series. The disk space is allocated in advance: on a full disk, writing to a hole of a mapped file
# is a SIGBUS.
FILE_BYTES = 2**20
_KINDS = ("counter", "histogram")


def fresh_folder(parent: Path) -> Path:
    """Create an empty folder in `parent` for this process's children, and remove the folders of dead processes.

    Raises OSError if it cannot be created.
    """
    for folder in parent.glob("[0-9]*"):
        if int(folder.name) == os.getpid() or not _alive(int(folder.name)):
            shutil.rmtree(folder, ignore_errors=True)
    own = parent / str(os.getpid())
    own.mkdir(parents=True, mode=0o700)
    return own


def join(folder: Path, slot: int) -> None:
    """Make every metric that this process creates from now on count into the slot's files in the folder.

    Raises OSError if the disk has no room for them.
    """
    for kind in _KINDS:
        path = folder / f"{kind}_{slot}.db"
        if not path.exists():
            with path.open("xb") as file:
                os.posix_fallocate(file.fileno(), 0, FILE_BYTES)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: slot)  # type: ignore[no-untyped-call]  # the library leaves it untyped


class SharedMetrics:
    """The metrics of the processes that joined the folder, and gauges of their common state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._registry = CollectorRegistry()
        MultiProcessCollector(self._registry, str(folder))  # type: ignore[no-untyped-call]  # as above
        self.gauges = StateGauges(self._registry)
        self.restarts = Counter(
            "server_restarts", "Server processes that died and were replaced", registry=self._registry
        )

    def exposition(self) -> bytes:
        """Return the metrics in the OpenMetrics text format."""
        text: bytes = generate_latest(self._registry)  # type: ignore[no-untyped-call]  # as above
        return text

    def remove(self) -> None:
        """Remove the folder, once no process counts into it any more."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, 0)
        return True
    return False
