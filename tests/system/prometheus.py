"""Runs Debian's prometheus on a free port, with the project's configuration and alert rules made sixty times faster.

A minute in a rule or window becomes a second, and the scrape interval half a second. Rates are unchanged.
"""

import json
import math
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml  # type: ignore[import-untyped]  # it ships no types

from minieval.grading.identity import REPOSITORY

INFRA = REPOSITORY / "infra"
RULES = INFRA / "prometheus" / "alerts.yml"
CONFIG = INFRA / "prometheus" / "prometheus.yml"
SCRAPE_S = 0.5
TIMEOUT_S = 60.0
# Grafana chooses at least four scrape intervals.
RATE_INTERVAL = "4s"
_DURATION = re.compile(r"(?<![\w.])(\d+)([mh])(?!\w)")
_COMPARISON = re.compile(r"(?<![=!<>])(>=|<=|==|!=|>|<)(?![=~])")


class PrometheusError(Exception):
    """Prometheus is missing, did not start, refused a query, or a condition did not come true in time."""


@dataclass(frozen=True)
class Sample:
    """One series of a query's result."""

    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Prometheus:
    """A running prometheus."""

    client: httpx.Client

    def query(self, expression: str) -> list[Sample]:
        """Return the current result of an expression; raises PrometheusError if it is refused."""
        answer = self._get("/api/v1/query", query=expression)
        if answer["resultType"] == "scalar":
            return [Sample({}, float(answer["result"][1]))]
        return [Sample(found["metric"], float(found["value"][1])) for found in answer["result"]]

    def data(self, expression: str) -> list[Sample]:
        """Wait until the expression has a finite result, and return its finite series."""
        found: list[Sample] = []

        def has_data() -> bool:
            found[:] = [sample for sample in self.query(expression) if math.isfinite(sample.value)]
            return bool(found)

        self.wait_for(has_data, f"data for {expression}")
        return found

    def exemplars(self, selector: str) -> list[dict[str, str]]:
        """Return the labels of the exemplars of the last minute."""
        now = time.time()
        answer = self._get("/api/v1/query_exemplars", query=selector, start=str(now - 60), end=str(now))
        return [exemplar["labels"] for series in answer for exemplar in series["exemplars"]]

    def firing(self) -> set[str]:
        """Return the names of the firing alerts."""
        alerts = self._get("/api/v1/alerts")["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until the condition holds; raises PrometheusError if it does not."""
        until = time.monotonic() + TIMEOUT_S
        while not condition():
            if time.monotonic() > until:
                raise PrometheusError(f"no {what} after {TIMEOUT_S:g} s")
            time.sleep(SCRAPE_S / 2)

    def _get(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - its answers differ by path
        response = self.client.get(path, params=parameters)
        answer = response.json()
        if answer["status"] != "success":
            raise PrometheusError(f"{parameters}: {answer['error']}")
        return answer["data"]


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[Prometheus]:
    """Run prometheus against the target `host:port` with the sped-up configuration and rules."""
    folder.mkdir()
    (folder / "alerts.yml").write_text(faster(RULES.read_text(encoding="utf-8")), encoding="utf-8")
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": f"{SCRAPE_S * 1000:.0f}ms", "evaluation_interval": "1s"}
    (job,) = config["scrape_configs"]
    job["static_configs"] = [{"targets": [target]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    address = f"127.0.0.1:{_free_port()}"
    command = (
        tool("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--enable-feature=exemplar-storage",
    )
    with (folder / "prometheus.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            with httpx.Client(base_url=f"http://{address}", timeout=30) as client:
                running = Prometheus(client)
                running.wait_for(lambda: _ready(client, process, folder), "prometheus that is ready")
                yield running
        finally:
            process.terminate()


def tool(name: str) -> str:
    """Return the path of prometheus or promtool; raises PrometheusError if it is not installed."""
    found = shutil.which(name)
    if found is None:
        raise PrometheusError(f"{name} is not installed: expected Debian's, apt-get install prometheus")
    return found


def faster(text: str) -> str:
    """Turn minutes into seconds and hours into minutes."""
    return _DURATION.sub(lambda found: found[1] + {"m": "s", "h": "m"}[found[2]], text)


def comparisons_as_values(expression: str) -> str:
    """Make comparisons return 0 or 1 instead of filtering, so that a rule has data even while it does not fire."""
    return "".join(
        part if part.startswith("{") else _COMPARISON.sub(r"\1 bool", part)
        for part in re.split(r"(\{[^}]*\})", expression)
    )


def alerts() -> dict[str, str]:
    """Return the alert expressions by name, made faster."""
    rules = yaml.safe_load(faster(RULES.read_text(encoding="utf-8")))["groups"][0]["rules"]
    return {rule["alert"]: rule["expr"] for rule in rules}


def dashboard_queries() -> dict[str, str]:
    """Return every expression that the rendered dashboard sends to Prometheus, by panel title and letter."""
    dashboard = json.loads((INFRA / "grafana" / "dashboards" / "traffic.json").read_text(encoding="utf-8"))
    return {
        f"{panel['title']} {target['refId']}": target["expr"].replace("$__rate_interval", RATE_INTERVAL)
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
        if target["datasource"]["type"] == "prometheus"
    }


def _ready(client: httpx.Client, process: "subprocess.Popen[bytes]", folder: Path) -> bool:
    if process.poll() is not None:
        log = (folder / "prometheus.log").read_text(encoding="utf-8", errors="replace")
        raise PrometheusError(f"prometheus ended: {log[-500:]}")
    try:
        return client.get("/-/ready").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
