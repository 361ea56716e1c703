"""The server under test. One process serves all conditions, so ratios do not include differences between processes."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.conditions import LOADED, OFF, Condition
from bench.pinning import SERVER_CORE, pinned
from bench.result import ROOT
from minimodel.bundles.registry import Registry
from miniserve.processes.local import LocalServer
from miniserve.routes.switch import two_arms
from miniserve.traffic import DEFAULT_SALT, RouteConfig, Strategy

# The server has one core, so one engine thread, as the setting's description recommends.
ENVIRON = {"LYNX_ENGINE_THREADS": "1"}


class BenchServer:
    """The real server, with a shadow of selectable behaviour. Each change of behaviour restarts B's process."""

    def __init__(self, server: LocalServer, behaviour: Path) -> None:
        self.process = server
        self._behaviour = behaviour
        registry = Registry.read(ROOT / "models")
        self._a = registry.resolve("v0.1.0")
        self._bs = [registry.resolve(version) for version in ("v0.3.0", "v0.2.0")]

    @property
    def port(self) -> int:
        """The port that clients reach."""
        return self.process.address.port

    def config(self, strategy: Strategy) -> RouteConfig:
        """Return a configuration with the registered A and the current B."""
        return two_arms(strategy, self._a, self._bs[0], DEFAULT_SALT)

    def adopt(self, condition: Condition) -> None:
        """Switch to a condition and wait until its shadow is loaded and its circuit breaker closed."""
        if condition.behaviour is not None:
            self._behaviour.write_text(condition.behaviour, encoding="utf-8")
        self.process.adopt(self.config(condition.strategy))

    @contextmanager
    def under(self, condition: Condition) -> Iterator[None]:
        """Switch to a condition, and switch the shadow off afterwards."""
        if condition.behaviour is not None:
            self.adopt(condition)
        try:
            yield
        finally:
            if condition.behaviour is not None:
                self.adopt(OFF)

    def replace_b(self) -> None:
        """Write a configuration with another registered model as the shadow, without waiting for it to load."""
        self._bs.reverse()
        self.process.route_file.write(self.config(Strategy.SHADOW))


@contextmanager
def bench_server(
    folder: Path, environ: Mapping[str, str] = ENVIRON, program: Sequence[str] | None = None
) -> Iterator[BenchServer]:
    """Start the server and all its processes on the server's core, with the shadow off.

    `program` (the arguments of `python`) replaces the server whose B can be faulty.
    """
    behaviour = folder / "behaviour"
    folder.mkdir(parents=True, exist_ok=True)
    behaviour.write_text(LOADED, encoding="utf-8")
    faulty = (str(ROOT / "tests" / "faulty_server.py"), f"@{behaviour}")
    command = (sys.executable, *(program or faulty))
    server = LocalServer(folder / "state", None, {"LYNX_MODELS_DIR": str(ROOT / "models"), **environ}, command)
    bench = BenchServer(server, behaviour)
    server.route_file.path.parent.mkdir(parents=True, exist_ok=True)
    server.route_file.write(bench.config(OFF.strategy))
    with pinned(SERVER_CORE):
        server.start()
    try:
        yield bench
    finally:
        server.stop()
