"""/metrics and /details on the loopback port, and the Host check."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
import structlog
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind
from prometheus_client.samples import Sample
from tests.conftest import Routing, correct, metric_families
from tests.function_arm import FunctionArm
from tests.miniserve.arms.test_production_arm import CONFIG, Desk

from minieval.record.statuses import STATUSES
from miniserve.arms.arm import Answer
from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.routes.routes import Route
from miniserve.serve import Prompt
from miniserve.traffic import Strategy


@pytest.mark.parametrize("host", ["example.org", "localhost.example.org", "10.0.0.1", "127.0.0.1.example.org", ""])
@pytest.mark.parametrize("path", ["/metrics", "/details", "/", "/events", "/live.js"])
def test_another_host_name_is_refused_on_the_loopback_port(host: str, path: str, single_server: LocalServer) -> None:
    response = httpx.get(single_server.address.metrics_url + path, headers={"Host": host})

    assert response.status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:9464", "[::1]", "[::1]:9464"])
def test_loopback_host_names_are_accepted(host: str, single_server: LocalServer) -> None:
    response = httpx.get(single_server.address.metrics_url + "/details", headers={"Host": host})

    assert response.status_code == 200


# The metrics of the design's section 10, with the suffixes of the text format, and those that operators' queries use.
SERIES = {
    "request_total": {"endpoint", "method", "status"},
    "request_duration_seconds_bucket": {"endpoint", "le"},
    "arm_requests_total": {"traffic_arm", "status"},
    "arm_duration_seconds_bucket": {"traffic_arm", "le"},
    "shadow_queue_depth": set(),
    "shadow_wait_seconds_bucket": {"le"},
    "shadow_worker_up": set(),
    "shadow_outcomes_total": {"outcome"},
    "shadow_agreement_total": {"agree"},
    "tokens_total": {"kind", "traffic_arm"},
    "route_config_info": {"strategy", "salt", "config_sha"},
    "route_config_refused": set(),
    "route_arm_share": {"traffic_arm"},
    "traffic_log_errors_total": set(),
    "traffic_log_lost_total": set(),
    "traffic_log_waiting": set(),
    "journal_unsettled": set(),
    "server_processes_ready": set(),
    "log_lines_dropped_total": set(),
    "spans_dropped_total": set(),
    "telemetry_errors_total": {"kind"},
}


async def answer_immediately(sentence: str) -> Answer:
    """Answer without computing."""
    return Answer(sentence, edit_applied=True, tokens=1)


@pytest.fixture
def only_warnings() -> Iterator[None]:
    """Log nothing below a warning."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.reset_defaults()


def samples(exposition: str) -> list[Sample]:
    return [sample for family in metric_families(exposition).values() for sample in family.samples]


@pytest.fixture(scope="module")
def shadowed(tmp_path_factory: pytest.TempPathFactory, routing: Routing) -> Iterator[LocalServer]:
    """A server whose shadow has answered requests."""
    config = routing(Strategy.SHADOW, shadow_percent=50)
    environ = {"LYNX_SHADOW_TIMEOUT_MS": "60000"}  # also on a busy machine
    with LocalServer(tmp_path_factory.mktemp("shadowed"), config, environ) as server:
        server.wait_for_shadow()
        for number in range(12):
            correct(server, "He goed home.", f"warm-up-{number}")
        server.wait_for(lambda: len(server.traffic_log.read_bytes().splitlines()) == 12, "done with the shadows")
        yield server


def test_the_exposition_has_the_documented_names_and_labels(shadowed: LocalServer) -> None:
    found: dict[str, set[str]] = {}
    for sample in samples(shadowed.metrics()):
        found.setdefault(sample.name, set()).update(sample.labels)

    counted_with = {name.replace("_bucket", end) for name in SERIES if "_bucket" in name for end in ("_sum", "_count")}
    assert {name: labels for name, labels in found.items() if name not in counted_with} == SERIES


def test_the_arms_series_start_at_0(shadowed: LocalServer) -> None:
    counted = {
        (sample.labels["traffic_arm"], sample.labels["status"])
        for sample in samples(shadowed.metrics())
        if sample.name == "arm_requests_total"
    }

    assert counted == {(arm, status) for arm in ("A", "shadow_B") for status in STATUSES}


def test_each_arms_configured_share_is_a_gauge(shadowed: LocalServer) -> None:
    shares = {s.labels["traffic_arm"]: s.value for s in samples(shadowed.metrics()) if s.name == "route_arm_share"}

    assert shares == {"A": 1, "shadow_B": 0.5}


def test_buckets_are_fine_around_a_millisecond(shadowed: LocalServer) -> None:
    bounds = [
        float(sample.labels["le"])
        for sample in samples(shadowed.metrics())
        if sample.name == "arm_duration_seconds_bucket" and sample.labels["traffic_arm"] == "A"
    ]

    assert sum(bound <= 0.01 for bound in bounds) >= 8
    # neighbouring bounds below a second differ by at most this factor, and so does a percentile from the true one
    assert all(high <= 2.5 * low for low, high in pairwise(bounds) if high <= 1)


def test_exemplars_of_latencies_and_disagreements_link_to_their_traces(shadowed: LocalServer) -> None:
    traces = {record.trace_id for record in read_log(shadowed.traffic_log).records}

    exemplars = {
        name: {s.exemplar.labels["trace_id"] for s in samples(shadowed.metrics()) if s.name == name and s.exemplar}
        for name in ("request_duration_seconds_bucket", "arm_duration_seconds_bucket", "shadow_agreement_total")
    }

    assert all(exemplars.values())
    assert all(found <= traces for found in exemplars.values())


def test_request_ids_create_no_series(shadowed: LocalServer) -> None:
    series_before = len(samples(shadowed.metrics()))

    for number in range(20):
        correct(shadowed, "He goed home.", f"id-{number}")

    assert len(samples(shadowed.metrics())) == series_before


def test_ten_thousand_request_ids_create_no_series(
    tmp_path: Path, only_warnings: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")  # 20,000 spans would take most of the time
    desk = Desk(tmp_path, answer_immediately)
    route = Route(replace(CONFIG, strategy=Strategy.SINGLE), {"A": FunctionArm(answer_immediately)}, None)
    span = desk.door.spans.start("http.handler", Context(), SpanKind.SERVER)

    async def serve(request_ids: Iterable[str]) -> int:
        for request_id in request_ids:
            await desk.door.responder.respond(Prompt("He goed home.", "sentence"), request_id, route, span)
        desk.deferred.flush()
        return len(samples(desk.door.metrics.exposition().decode()))

    async def before_and_after() -> tuple[int, int]:
        return await serve(["warm-up"]), await serve(f"id-{number}" for number in range(10_000))

    before, after = asyncio.run(before_and_after())

    assert before == after
    assert len(read_log(desk.log).records) == 10_001


def test_details_name_route_engine_and_shadow(single_server: LocalServer) -> None:
    details = single_server.details()

    assert details["ready"] is True
    assert details["route"]["strategy"] == "single"
    assert details["engines"]["A"].startswith("ctranslate2 ")
    assert details["shadow"] is None


def test_a_single_process_is_listed_as_the_only_server_process(single_server: LocalServer) -> None:
    details = single_server.details()

    (process,) = details["processes"]
    assert process["pid"] == single_server.address.pid
    assert (process["route"], process["shadow"]) == (details["route"], details["shadow"])
    assert process["books"] == {"waiting": 0, "unsettled": 0, "lost": 0}


def test_gauges_show_the_state_at_the_scrape(single_server: LocalServer) -> None:
    families = metric_families(single_server.metrics())

    (route,) = families["route_config_info"].samples
    assert route.labels["config_sha"] == single_server.details()["route"]["config_sha"]
    assert families["server_processes_ready"].samples[0].value == 1
    assert families["route_config_refused"].samples[0].value == 0
