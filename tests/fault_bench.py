"""One server on which B fails in one way after the other, so that leaks accumulate and show."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import FAULTY_COMMAND, Routing, correct
from tests.footprint import Footprint, footprint, resident_mb

from minieval.record.record import TrafficRecord
from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.traffic import RouteConfig, Strategy

# What one fault of B may leave in the server's heap: its metrics, and what the allocator keeps.
KEPT_MB = 8
# B has the lowest priority: on a busy machine its process starts when it can.
B_STARTS_S = 120


@dataclass
class FaultBench:
    """A server on which B fails in one way after the other, and its footprint before the first fault."""

    server: LocalServer
    fault_file: Path
    off: RouteConfig
    on: RouteConfig
    before: Footprint
    before_mb: float

    def shadow(self, fault: str) -> None:
        """Switch the shadow on, with that fault, and wait until B's process is up or has failed."""
        self.server.adopt(self.off)
        self.fault_file.write_text(fault, encoding="ascii")
        self.server.route_file.write(self.on)
        self.server.wait_for(self._shadow_decided, "in its shadow configuration, B up or refused", B_STARTS_S)

    def quiet(self) -> None:
        """Switch the shadow off, and wait until the server's footprint is as before."""
        self.server.adopt(self.off)
        pid = self.server.address.pid
        self.server.wait_for(lambda: footprint(pid) == self.before, f"back at {self.before}", 20)
        assert resident_mb(pid) < self.before_mb + KEPT_MB

    def records(self) -> list[TrafficRecord]:
        """Return every line so far."""
        return list(read_log(self.server.traffic_log).records)

    def wait_for_lines(self, count: int) -> list[TrafficRecord]:
        """Wait for that many lines, and return them all."""
        self.server.wait_for(lambda: len(self.records()) >= count, f"done with {count} lines", B_STARTS_S)
        return self.records()

    def shadow_state(self) -> Any:  # noqa: ANN401 - JSON
        """Return what /details says about B's process."""
        return self.server.details()["shadow"]

    def lost(self) -> list[dict[str, object]]:
        """Return the log lines about lost processes."""
        lines = (self.server.folder / "stderr.log").read_text(encoding="utf-8").splitlines()
        return [said for said in map(json.loads, lines) if said["event"] == "shadow worker lost"]

    def _shadow_decided(self) -> bool:
        found = self.server.details()
        shadow = found["shadow"]
        return found["route"]["config_sha"] == self.on.config_sha and (shadow["up"] or bool(shadow["last_failure"]))


@contextmanager
def fault_bench(folder: Path, routing: Routing, **settings: str) -> Iterator[FaultBench]:
    """Start the server, and run a healthy B once: what is created once and kept is not a leak."""
    fault_file = folder / "fault"
    fault_file.write_text("healthy", encoding="ascii")
    off, on = routing(Strategy.SINGLE), routing(Strategy.SHADOW)
    environ = {f"LYNX_{name}": value for name, value in settings.items()}
    with LocalServer(folder / "server", off, environ, (*FAULTY_COMMAND, f"@{fault_file}")) as server:
        pid = server.address.pid
        bench = FaultBench(server, fault_file, off, on, footprint(pid), 0.0)
        bench.shadow("healthy")
        for _ in range(3):
            correct(server, "He goed home.")
        bench.wait_for_lines(3)
        server.adopt(off)
        server.wait_for(lambda: footprint(pid).shadow_processes == 0, "alone")
        bench.before, bench.before_mb = footprint(pid), resident_mb(pid)
        yield bench
