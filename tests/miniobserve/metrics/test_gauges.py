"""The gauges of the server's state: replaced as a whole, and safe for any label value."""

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest
from tests.conftest import metric_families

from miniobserve.metrics.gauges import StateGauges

HOSTILE = {"a lone surrogate": "\ud800", "10 MB": "x" * 10_000_000, "quotes": 'a"\\\n'}


def _scrape(registry: CollectorRegistry) -> str:
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return text.decode()


def test_setting_routes_and_shares_replaces_the_previous_ones() -> None:
    registry = CollectorRegistry()
    gauges = StateGauges(registry)

    for number in range(3):
        gauges.set_routes([("shadow", f"salt-{number}", "c" * 64)])
        gauges.set_arm_shares({f"A{number}": 0.5})

    families = metric_families(_scrape(registry))
    assert [sample.labels["salt"] for sample in families["route_config_info"].samples] == ["salt-2"]
    assert [sample.labels["traffic_arm"] for sample in families["route_arm_share"].samples] == ["A2"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_any_label_value_can_be_scraped(text: str) -> None:
    registry = CollectorRegistry()
    gauges = StateGauges(registry)

    gauges.set_routes([("shadow", text, "c" * 64)])
    gauges.set_arm_shares({text: 0.5})

    scraped = _scrape(registry)
    families = metric_families(scraped)
    assert len(scraped) < 50_000
    assert [sample.value for sample in families["route_config_info"].samples] == [1]
    assert [sample.value for sample in families["route_arm_share"].samples] == [0.5]
