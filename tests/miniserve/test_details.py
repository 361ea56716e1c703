"""The loopback port: metrics and details, for this machine only."""

import httpx
import pytest
from tests.conftest import correct, metric_families

from miniserve.local import LocalServer


@pytest.mark.parametrize("host", ["example.org", "localhost.example.org", "10.0.0.1", "127.0.0.1.example.org", ""])
@pytest.mark.parametrize("path", ["/metrics", "/details", "/", "/events", "/live.js"])
def test_another_host_name_is_refused_on_the_loopback_port(host: str, path: str, single_server: LocalServer) -> None:
    response = httpx.get(single_server.address.metrics_url + path, headers={"Host": host})

    assert response.status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:9464", "[::1]", "[::1]:9464"])
def test_the_names_of_loopback_are_answered(host: str, single_server: LocalServer) -> None:
    response = httpx.get(single_server.address.metrics_url + "/details", headers={"Host": host})

    assert response.status_code == 200


def test_the_exposition_is_valid_openmetrics(single_server: LocalServer) -> None:
    correct(single_server, "He goed home.")

    families = metric_families(single_server.metrics())

    assert {"request", "request_duration_seconds", "arm_requests", "arm_duration_seconds", "tokens"} <= families.keys()
    assert {sample.labels["traffic_arm"] for sample in families["arm_requests"].samples} == {"A"}


def test_request_ids_create_no_series(single_server: LocalServer) -> None:
    correct(single_server, "He goed home.", "warm-up")
    series_before = len(single_server.metrics().splitlines())

    for number in range(50):
        correct(single_server, "He goed home.", f"id-{number}")

    assert len(single_server.metrics().splitlines()) == series_before


def test_details_name_route_engine_and_shadow(single_server: LocalServer) -> None:
    details = single_server.details()

    assert details["ready"] is True
    assert details["route"]["strategy"] == "single"
    assert details["engines"]["A"].startswith("ctranslate2 ")
    assert details["shadow"] is None


def test_the_one_process_stands_in_the_list_of_server_processes(single_server: LocalServer) -> None:
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
