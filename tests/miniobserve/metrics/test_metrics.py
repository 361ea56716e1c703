"""Each bucket takes the first exemplar of a second, and every observation is counted."""

import pytest
from tests.conftest import metric_families

from miniobserve.metrics import instruments as module
from miniobserve.metrics.instruments import EXEMPLAR_EVERY_S
from miniobserve.metrics.metrics import Metrics

FAST_S, SLOW_S = 0.0012, 0.04


class Clock:
    """A clock that a test advances by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(module, "monotonic", found)
    return found


def _exemplars(metrics: Metrics) -> dict[str, str]:
    """Return the exemplars' trace ids by arm and upper bound."""
    found = {}
    for family in metric_families(metrics.exposition().decode()).values():
        for sample in family.samples:
            if sample.name == "arm_duration_seconds_bucket" and sample.exemplar:
                key = f"{sample.labels['traffic_arm']} {sample.labels['le']}"
                found[key] = sample.exemplar.labels["trace_id"]
    return found


def _observe(metrics: Metrics, arm: str, seconds: float, trace: str | None) -> None:
    metrics.arm_seconds.labels(arm).observe(seconds, {"trace_id": trace} if trace else None)


def test_each_bucket_of_each_arm_keeps_the_first_exemplar_of_a_second(clock: Clock) -> None:
    metrics = Metrics()

    _observe(metrics, "A", FAST_S, None)
    for number in range(3):
        _observe(metrics, "A", FAST_S, f"fast-{number}")
        _observe(metrics, "A", SLOW_S, f"slow-{number}")
        _observe(metrics, "shadow_B", FAST_S, f"shadow-{number}")

    assert _exemplars(metrics) == {"A 0.0015": "fast-0", "A 0.05": "slow-0", "shadow_B 0.0015": "shadow-0"}
    text = metrics.exposition().decode()
    assert 'arm_duration_seconds_count{traffic_arm="A"} 7.0' in text
    assert 'arm_duration_seconds_count{traffic_arm="shadow_B"} 3.0' in text


def test_after_a_second_a_bucket_takes_a_new_exemplar(clock: Clock) -> None:
    metrics = Metrics()

    _observe(metrics, "A", FAST_S, "first")
    clock.now += EXEMPLAR_EVERY_S - 0.01
    _observe(metrics, "A", FAST_S, "too soon")
    clock.now += 0.02
    _observe(metrics, "A", FAST_S, "second")

    assert _exemplars(metrics) == {"A 0.0015": "second"}
