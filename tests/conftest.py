"""Shared fixtures: the registered models, the eval set, and servers on free ports with their own folders."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import httpx
import pytest
from hypothesis import settings
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from tests.progress import Progress

from minieval.grading.items import Item, parse_items
from minimodel.bundles.registry import Registry
from miniserve.processes.local import LocalServer
from miniserve.processes.server_process import SERVER_COMMAND
from miniserve.routes.switch import two_arms
from miniserve.tasks.grammar import CORRECT_PATH
from miniserve.traffic import DEFAULT_SALT, RouteConfig, Strategy

# No deadline: the first call of a library loads it, and a busy machine is nobody's defect.
settings.register_profile("suite", deadline=None)
# For mutation testing: thousands of runs, each of which has to be the same as the last.
settings.register_profile("mutants", deadline=None, max_examples=15, derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "models"
# Its last argument is the fault, see faulty_worker.py.
FAULTY_COMMAND = (sys.executable, str(Path(__file__).with_name("faulty_server.py")))

Routing = Callable[..., RouteConfig]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Progress())


class StartServer(Protocol):
    """Starts a server that stops at the end of the test."""

    def __call__(self, config: RouteConfig | None, *, fault: str | None = None, **settings: str) -> LocalServer: ...


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry.read(MODELS)


@pytest.fixture(scope="session")
def items() -> tuple[Item, ...]:
    return parse_items((ROOT / "data" / "eval" / "phase-20.jsonl").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def routing(registry: Registry) -> Routing:
    """Return the lab's configuration under a strategy: A is v0.1.0, B is v0.3.0."""

    def make(strategy: Strategy, **more: float) -> RouteConfig:
        return two_arms(strategy, registry.resolve("v0.1.0"), registry.resolve("v0.3.0"), DEFAULT_SALT, **more)

    return make


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start real servers; with `fault`, B's process misbehaves in that way (see faulty_worker.py)."""
    with ExitStack() as running:

        def start(config: RouteConfig | None, *, fault: str | None = None, **settings: str) -> LocalServer:
            command = SERVER_COMMAND if fault is None else (*FAULTY_COMMAND, fault)
            environ = {f"LYNX_{name}": value for name, value in settings.items()}
            folder = tmp_path / f"server-{len(list(tmp_path.iterdir()))}"
            return running.enter_context(LocalServer(folder, config, environ, command))

        yield start


@pytest.fixture(scope="session")
def single_server(tmp_path_factory: pytest.TempPathFactory, routing: Routing) -> Iterator[LocalServer]:
    """A shared server with the shadow off; tests must not reconfigure it."""
    with LocalServer(tmp_path_factory.mktemp("single"), routing(Strategy.SINGLE)) as server:
        yield server


def metric_families(exposition: str) -> dict[str, Metric]:
    """Read an exposition as OpenMetrics; the parser raises on anything else."""
    parsed = text_string_to_metric_families(exposition)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return {family.name: family for family in parsed}


def correct(server: LocalServer, sentence: str, request_id: str | None = None, **headers: str) -> httpx.Response:
    """Send one correction request over the socket."""
    body = {"sentence": sentence} | ({"request_id": request_id} if request_id else {})
    return httpx.post(server.address.url + CORRECT_PATH, json=body, headers=headers, timeout=30)
