"""The server under test: one process through all conditions, so that no difference between processes is in a ratio."""

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

# With one core for the server, one request is computed at a time, as the setting's description has it.
ENVIRON = {"LYNX_ENGINE_THREADS": "1"}


class BenchServer:
    """The real server with a shadow whose behaviour can be chosen; B's process starts anew with each choice."""

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
        """Return the routing of the registered A, and the B of the moment beside it."""
        return two_arms(strategy, self._a, self._bs[0], DEFAULT_SALT)

    def adopt(self, condition: Condition) -> None:
        """Bring the condition about, its shadow loaded and its circuit closed."""
        if condition.behaviour is not None:
            self._behaviour.write_text(condition.behaviour, encoding="utf-8")
        self.process.adopt(self.config(condition.strategy))

    @contextmanager
    def under(self, condition: Condition) -> Iterator[None]:
        """Bring the condition about; switch the shadow off afterwards."""
        if condition.behaviour is not None:
            self.adopt(condition)
        try:
            yield
        finally:
            if condition.behaviour is not None:
                self.adopt(OFF)

    def replace_b(self) -> None:
        """Write a configuration with another registered model as the shadow, and wait for nothing."""
        self._bs.reverse()
        self.process.route_file.write(self.config(Strategy.SHADOW))


@contextmanager
def bench_server(
    folder: Path, environ: Mapping[str, str] = ENVIRON, program: Sequence[str] | None = None
) -> Iterator[BenchServer]:
    """Start the server, and with it every process it will start, on the server's core; the shadow is off.

    With a program of its own (what follows `python`), B behaves as registered.
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
