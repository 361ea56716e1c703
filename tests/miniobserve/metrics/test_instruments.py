"""A value that no metric can hold is rejected and counted; the metric and the scrape go on."""

import math
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.conftest import metric_families

from miniobserve.metrics.metrics import Metrics

UNUSABLE = {
    "401 digits": 10**400,
    "5,001 digits": 10**5_000,
    "minus 401 digits": -(10**400),
    "infinite": math.inf,
    "not a number": math.nan,
    "negative": -1,
    "the largest float": 1.7e308,
}


def _value(metrics: Metrics, name: str, **labels: str) -> float:
    (found,) = [
        sample.value
        for family in metric_families(metrics.exposition().decode()).values()
        for sample in family.samples
        if sample.name == name and sample.labels == labels
    ]
    return found


def _count_tokens(metrics: Metrics, value: float) -> None:
    metrics.tokens.labels("generated", "A").inc(value)


def _observe(metrics: Metrics, value: float) -> None:
    metrics.arm_seconds.labels("A").observe(value, {"trace_id": "0" * 32})


def _observe_wait(metrics: Metrics, value: float) -> None:
    metrics.shadow_wait_seconds.observe(value)


def _drop_lines(metrics: Metrics, value: float) -> None:
    metrics.log_lines_dropped.inc(value)


@pytest.mark.parametrize("value", UNUSABLE.values(), ids=UNUSABLE.keys())
@pytest.mark.parametrize(
    ("record", "sample", "labels"),
    [
        (_count_tokens, "tokens_total", {"kind": "generated", "traffic_arm": "A"}),
        (_observe, "arm_duration_seconds_sum", {"traffic_arm": "A"}),
        (_observe_wait, "shadow_wait_seconds_sum", {}),
        (_drop_lines, "log_lines_dropped_total", {}),
    ],
)
def test_an_unusable_value_is_rejected_and_counted_and_later_ones_count(
    record: Callable[[Metrics, float], None], sample: str, labels: dict[str, str], value: float
) -> None:
    metrics = Metrics()

    record(metrics, 2)
    record(metrics, value)
    record(metrics, 3)

    assert _value(metrics, sample, **labels) == 5
    assert _value(metrics, "telemetry_errors_total", kind="value") == 1


@pytest.mark.parametrize("value", ["\ud800", "x" * 10_000_000, 'a"\\\nb'])
def test_a_label_value_that_the_format_cannot_carry_does_not_break_the_scrape(value: str) -> None:
    metrics = Metrics()

    metrics.arm_requests.labels(value, "ok").inc()
    metrics.arm_requests.labels(value, "ok").inc()

    assert len(metrics.exposition()) < 50_000
    (counted,) = [s for f in metric_families(metrics.exposition().decode()).values() for s in f.samples
                  if s.name == "arm_requests_total"]  # fmt: skip
    assert counted.value == 2


def test_labels_in_another_order_are_another_series() -> None:
    metrics = Metrics()

    metrics.arm_requests.labels("A", "ok").inc()
    metrics.arm_requests.labels("ok", "A").inc(2)

    assert _value(metrics, "arm_requests_total", traffic_arm="A", status="ok") == 1
    assert _value(metrics, "arm_requests_total", traffic_arm="ok", status="A") == 2


def test_wrong_label_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="Incorrect label count"):
        Metrics().arm_requests.labels("A")


def test_the_exposition_is_what_the_client_librarys_parser_reads() -> None:
    metrics = Metrics()
    metrics.preset_counters(["A"], ["ok", "error"])

    assert list(text_string_to_metric_families(metrics.exposition().decode()))
