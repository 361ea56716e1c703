"""The dashboard's queries and the alerts in a real Prometheus that scrapes real servers under traffic."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types
from tests.conftest import FAULTY_COMMAND, Routing
from tests.system.prometheus import (
    CONFIG,
    INFRA,
    RULES,
    Prometheus,
    alerts,
    comparisons_as_values,
    dashboard_queries,
    prometheus,
    tool,
)
from tests.system.traffic import traffic

from minieval.grading.items import Item
from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.traffic import Strategy

QUERIES = dashboard_queries()
SLICED = {name: query for name, query in QUERIES.items() if "$arm" in query}
# Long enough for B to get a core on a busy machine.
LONG_TIMEOUT = {"LYNX_SHADOW_TIMEOUT_MS": "60000"}


@dataclass(frozen=True)
class Watched:
    """A server under traffic, and the Prometheus that scrapes it."""

    server: LocalServer
    prometheus: Prometheus


@pytest.fixture(scope="module")
def shadowing(tmp_path_factory: pytest.TempPathFactory, routing: Routing, items: tuple[Item, ...]) -> Iterator[Watched]:
    """A healthy server that shadows every request."""
    folder = tmp_path_factory.mktemp("shadowing")
    with LocalServer(folder / "server", routing(Strategy.SHADOW), LONG_TIMEOUT) as server:
        server.wait_for_shadow()
        target = server.address.metrics_url.removeprefix("http://")
        with prometheus(folder / "prometheus", target) as found, traffic(server, [item.sentence for item in items]):
            yield Watched(server, found)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory, routing: Routing, items: tuple[Item, ...]) -> Iterator[Watched]:
    """A server whose B raises, whose queue has one place, whose disk is full, and whose new configuration is broken."""
    folder = tmp_path_factory.mktemp("troubled")
    environ = LONG_TIMEOUT | {"LYNX_SHADOW_QUEUE": "1"}
    with LocalServer(folder / "server", routing(Strategy.SHADOW), environ, (*FAULTY_COMMAND, "raises")) as server:
        server.wait_for_shadow()
        target = server.address.metrics_url.removeprefix("http://")
        sentences = [item.sentence for item in items]
        with prometheus(folder / "prometheus", target) as found, traffic(server, sentences, clients=4):
            server.traffic_log.unlink()
            server.traffic_log.symlink_to("/dev/full")
            server.route_file.path.write_text("{", encoding="utf-8")
            yield Watched(server, found)


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_of_every_panel_returns_data(name: str, shadowing: Watched) -> None:
    shadowing.prometheus.data(QUERIES[name].replace("$arm", ".*"))


@pytest.mark.parametrize("name", SLICED)
def test_a_panel_that_is_sliced_by_shadow_b_shows_the_shadow(name: str, shadowing: Watched) -> None:
    found = shadowing.prometheus.data(SLICED[name].replace("$arm", "shadow_B"))

    assert {sample.labels.get("traffic_arm", "shadow_B") for sample in found} == {"shadow_B"}


def test_the_arm_variable_offers_the_arms(shadowing: Watched) -> None:
    shown = json.loads((INFRA / "grafana" / "dashboards" / "traffic.json").read_text(encoding="utf-8"))
    (variable,) = shown["templating"]["list"]
    shadowing.prometheus.data("arm_requests_total")

    offered = shadowing.prometheus.client.get(
        "/api/v1/label/traffic_arm/values", params={"match[]": "arm_requests_total"}
    ).json()["data"]

    assert variable["query"] == "label_values(arm_requests_total, traffic_arm)"
    assert offered == ["A", "shadow_B"]


def test_a_latency_exemplar_links_to_the_trace_of_its_request(shadowing: Watched) -> None:
    selector = 'arm_duration_seconds_bucket{traffic_arm="shadow_B"}'
    shadowing.prometheus.wait_for(lambda: bool(shadowing.prometheus.exemplars(selector)), "exemplar")

    traces = {labels["trace_id"] for labels in shadowing.prometheus.exemplars(selector)}

    # a request's line is written when its shadow run ends, before its latency is counted
    assert traces <= {record.trace_id for record in read_log(shadowing.server.traffic_log).records}


@pytest.mark.parametrize("name", alerts())
def test_every_alert_rule_has_data(name: str, shadowing: Watched) -> None:
    shadowing.prometheus.data(comparisons_as_values(alerts()[name]))


def test_a_split_shows_the_shares_of_both_arms(
    tmp_path_factory: pytest.TempPathFactory, routing: Routing, items: tuple[Item, ...]
) -> None:
    folder = tmp_path_factory.mktemp("splitting")
    with LocalServer(folder / "server", routing(Strategy.AB)) as server:
        target = server.address.metrics_url.removeprefix("http://")
        with prometheus(folder / "prometheus", target) as found, traffic(server, [item.sentence for item in items]):
            measured, configured = (
                {sample.labels["traffic_arm"]: sample.value for sample in found.data(query.replace("$arm", ".*"))}
                for query in (QUERIES["Sample ratio A"], QUERIES["Sample ratio B"])
            )
            drift = found.data(comparisons_as_values(alerts()["SampleRatioDrift"]))

    assert configured == {"A": 0.5, "B": 0.5}
    assert measured.keys() == configured.keys()
    assert sum(measured.values()) == pytest.approx(1)
    assert {sample.labels["traffic_arm"] for sample in drift} == {"A", "B"}


def test_alerts_fire_on_their_fault_and_stop_once_it_is_repaired(troubled: Watched, routing: Routing) -> None:
    faults = {
        "ArmFailing",
        "ShadowDropping",
        "TrafficLogFailing",
        "JournalBacklog",
        "RouteConfigRefused",
    }
    troubled.prometheus.wait_for(lambda: troubled.prometheus.firing() >= faults, f"firing of {faults}")

    troubled.server.traffic_log.unlink()
    troubled.server.route_file.write(routing(Strategy.SHADOW))
    repaired = {"TrafficLogFailing", "JournalBacklog", "RouteConfigRefused"}
    troubled.prometheus.wait_for(lambda: not troubled.prometheus.firing() & repaired, f"end of {repaired}")

    assert httpx.get(f"{troubled.server.address.url}/readyz").status_code == httpx.codes.OK


def test_promtool_accepts_the_configuration_the_rules_and_the_rules_tests() -> None:
    for command in (
        ("check", "config", str(CONFIG)),
        ("check", "rules", str(RULES)),
        ("test", "rules", str(RULES.with_name("alerts_test.yml"))),
    ):
        done = subprocess.run((tool("promtool"), *command), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_data_source_of_the_dashboard_is_provisioned() -> None:
    shown = json.loads((INFRA / "grafana" / "dashboards" / "traffic.json").read_text(encoding="utf-8"))
    sources = yaml.safe_load((INFRA / "grafana/provisioning/datasources/lynx.yaml").read_text(encoding="utf-8"))

    asked = {
        (target["datasource"]["type"], target["datasource"]["uid"])
        for panel in shown["panels"]
        for target in panel.get("targets", [])
    }

    assert asked == {(source["type"], source["uid"]) for source in sources["datasources"]}


def test_every_runbook_that_an_alert_links_exists() -> None:
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
    runbooks = {rule["annotations"]["runbook"] for rule in rules if "runbook" in rule["annotations"]}
    lines = (INFRA.parent / "docs" / "operations.md").read_text(encoding="utf-8").splitlines()
    titles = [line[3:] for line in lines if line.startswith("## ")]

    anchors = {f"docs/operations.md#{title.lower().replace(',', '').replace(' ', '-')}" for title in titles}

    assert runbooks <= anchors
