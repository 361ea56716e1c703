"""Traffic in each strategy: who serves, and the arm on spans, log lines and metrics, under one trace id."""

import json
import uuid
from typing import Any

import httpx
import pytest
from tests.conftest import Routing, StartServer, correct, metric_families

from minieval.record.record import TrafficRecord
from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.traffic import Strategy, assign

IDS = [f"user-{number}" for number in range(12)]


def _json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def _arms_on_spans(server: LocalServer, record: TrafficRecord) -> set[str]:
    spans = _json_lines((server.folder / "spans.jsonl").read_text(encoding="utf-8"))
    mine = [span for span in spans if span["context"]["trace_id"] == f"0x{record.trace_id}"]
    assert {span["name"] for span in mine} == {"http.handler", "traffic.assign", "arm.infer"}
    return {span["attributes"]["traffic.arm"] for span in mine if span["name"] == "arm.infer"}


def _arms_on_log_lines(server: LocalServer, record: TrafficRecord) -> set[str]:
    lines = _json_lines((server.folder / "stderr.log").read_text(encoding="utf-8"))
    return {line["traffic.arm"] for line in lines if line.get("trace_id") == record.trace_id}


def _arms_in_metrics(exposition: str) -> set[str]:
    return {sample.labels["traffic_arm"] for sample in metric_families(exposition)["arm_requests"].samples}


@pytest.mark.parametrize(
    ("strategy", "more", "arms"),
    [
        (Strategy.SINGLE, {}, {"A"}),
        (Strategy.SHADOW, {}, {"A", "shadow_B"}),
        (Strategy.AB, {}, {"A", "B"}),
        (Strategy.CANARY, {"canary_percent": 50}, {"A", "B"}),
    ],
)
def test_the_arm_is_on_spans_log_lines_and_metrics_of_every_request(
    strategy: Strategy, more: dict[str, float], arms: set[str], start_server: StartServer, routing: Routing
) -> None:
    config = routing(strategy, **more)
    server = start_server(config)
    if strategy is Strategy.SHADOW:
        server.wait_for_shadow()

    for request_id in IDS:
        assert correct(server, "He goed home.", request_id).status_code == 200
    if strategy is Strategy.SHADOW:
        server.wait_for_shadow()
    exposition = server.metrics()
    assert server.stop() == 0

    records = read_log(server.traffic_log).records
    assert [record.request_id for record in records] == IDS
    for record in records:
        assignment = assign(record.request_id, config)
        expected = {assignment.production_arm} | ({"shadow_B"} if assignment.shadow_arm else set())
        assert record.traffic_arm == record.production_arm == assignment.production_arm
        assert _arms_on_spans(server, record) == expected
        assert _arms_on_log_lines(server, record) == expected
    assert _arms_in_metrics(exposition) == arms


def test_a_shadow_request_logs_both_answers_latencies_the_assignment_and_the_trace(
    start_server: StartServer, routing: Routing
) -> None:
    config = routing(Strategy.SHADOW)
    server = start_server(config)
    server.wait_for_shadow()

    reply = correct(server, "  He goed home. ", "one")
    server.wait_for_shadow()

    (record,) = read_log(server.traffic_log).records
    assert (record.strategy, record.production_arm, record.shadow_arm) == ("shadow", "A", "B")
    assert (record.config_sha, dict(record.arm_shas)) == (config.config_sha, dict(config.arms))
    assert record.sentence == "He goed home."
    assert record.results["A"].response == reply.json()["correction"]
    assert all(result.status == "ok" and result.latency_ms for result in record.results.values())
    assert record.trace_id == reply.headers["traceparent"].split("-")[1]


def test_the_same_id_sent_twice_is_served_by_the_same_arm(start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.AB))

    for request_id in [*IDS, *IDS]:
        correct(server, "He goed home.", request_id)

    arms: dict[str, list[str]] = {}
    for record in read_log(server.traffic_log).records:
        arms.setdefault(record.request_id, []).append(record.production_arm)
    assert all(len(served) == 2 and len(set(served)) == 1 for served in arms.values())
    assert {served[0] for served in arms.values()} == {"A", "B"}


def test_an_absent_id_becomes_a_version_4_uuid_of_its_own(single_server: LocalServer) -> None:
    ids = [correct(single_server, "He goed home.").json()["request_id"] for _ in range(2)]

    assert [uuid.UUID(i).version for i in ids] == [4, 4]
    assert len(set(ids)) == 2


def test_a_clients_traceparent_is_continued(single_server: LocalServer) -> None:
    sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    url = single_server.address.url + "/v1/grammar/correct"

    reply = httpx.post(url, json={"sentence": "He goed home."}, headers={"traceparent": sent})

    version, trace, span, _ = reply.headers["traceparent"].split("-")
    assert (version, trace) == ("00", "0af7651916cd43dd8448eb211c80319c")
    assert span != "b7ad6b7169203331"
    assert read_log(single_server.traffic_log).records[-1].trace_id == trace


def test_a_clients_traceparent_is_ignored_when_it_is_not_trusted(start_server: StartServer) -> None:
    server = start_server(None, TRUST_TRACEPARENT="0")
    sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    url = server.address.url + "/v1/grammar/correct"

    reply = httpx.post(url, json={"sentence": "He goed home."}, headers={"traceparent": sent})

    assert "0af7651916cd43dd8448eb211c80319c" not in reply.headers["traceparent"]


def test_the_explanation_follows_accept_language(single_server: LocalServer) -> None:
    url, body = single_server.address.url + "/v1/grammar/correct", {"sentence": "He walks to work."}

    english = httpx.post(url, json=body)
    spanish = httpx.post(url, json=body, headers={"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"})

    assert (english.headers["content-language"], spanish.headers["content-language"]) == ("en", "es")
    assert english.json()["explanation"] != spanish.json()["explanation"]
