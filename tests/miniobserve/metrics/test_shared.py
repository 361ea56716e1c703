"""Processes that share a folder count as one, and what that relies on in prometheus_client.

The client library's `values.ValueClass` and the names of its files are no public interface. Should a new version change
them, these tests fail, before the metrics of several processes are wrong.
"""

import inspect
import subprocess
import sys
from pathlib import Path

from prometheus_client import Counter, values
from tests.conftest import metric_families

from miniobserve.metrics.shared import FILE_BYTES, SharedMetrics, fresh_folder

# A server process of its own: it joins the folder in a slot, counts, and dies without cleaning up.
PROGRAM = """
import os, sys
from pathlib import Path
from miniobserve.metrics.metrics import Metrics
from miniobserve.metrics.shared import join

join(Path(sys.argv[1]), int(sys.argv[2]))
metrics = Metrics()
for _ in range(int(sys.argv[3])):
    metrics.arm_requests.labels("A", "ok").inc()
    metrics.arm_seconds.labels("A").observe(0.25)
metrics.tokens.labels("generated", "A").inc(10**400)
os.kill(os.getpid(), 9)
"""


def _run_process(folder: Path, slot: int, requests: int) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(folder), str(slot), str(requests)], check=False)
    assert done.returncode == -9


def _read(shared: SharedMetrics) -> dict[str, float]:
    families = metric_families(shared.exposition().decode())
    return {
        " ".join([sample.name, *sorted(sample.labels.values())]): sample.value
        for family in families.values()
        for sample in family.samples
    }


def test_processes_count_together_and_a_successor_continues_the_counts_of_its_slot(tmp_path: Path) -> None:
    folder = fresh_folder(tmp_path)
    shared = SharedMetrics(folder)

    _run_process(folder, 0, 3)
    _run_process(folder, 1, 4)
    before = _read(shared)
    _run_process(folder, 0, 5)
    after = _read(shared)

    assert (before["arm_requests_total A ok"], after["arm_requests_total A ok"]) == (7, 12)
    assert (before["arm_duration_seconds_count A"], after["arm_duration_seconds_count A"]) == (7, 12)
    assert after["arm_duration_seconds_sum A"] == 12 * 0.25
    assert after["telemetry_errors_total value"] == 3


def test_the_files_are_named_by_slot_and_their_space_is_allocated(tmp_path: Path) -> None:
    folder = fresh_folder(tmp_path)

    for slot in (0, 1, 0, 0):
        _run_process(folder, slot, 1)

    assert {file.name for file in folder.iterdir()} == {
        f"{kind}_{slot}.db" for kind in ("counter", "histogram") for slot in (0, 1)
    }
    assert {file.stat().st_size for file in folder.iterdir()} == {FILE_BYTES}
    assert all(file.stat().st_blocks * 512 >= FILE_BYTES for file in folder.iterdir())


def test_the_client_library_makes_its_values_from_the_class_that_join_replaces() -> None:
    """What `join` assigns to must exist, take an identifier, and be what a new metric's value is made of."""
    parameters = inspect.signature(values.MultiProcessValue).parameters

    assert list(parameters) == ["process_identifier"]
    assert isinstance(Counter("made", "by the default class", registry=None)._value, values.ValueClass)
