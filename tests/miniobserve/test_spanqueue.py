"""Spans leave in batches so small that turning one into bytes keeps no request waiting."""

from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from miniobserve.spanqueue import BATCH_VARIABLE, DEFAULT_BATCH, QUEUE_VARIABLE, BoundedSpanQueue


class Sizes(SpanExporter):
    """Notes how many spans come at once."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.seen.append(len(spans))
        return SpanExportResult.SUCCESS


def _exported(count: int) -> list[int]:
    sizes = Sizes()
    provider = TracerProvider()
    provider.add_span_processor(BoundedSpanQueue(sizes, lambda _: None))
    tracer = provider.get_tracer("test")
    for _ in range(count):
        tracer.start_span("one").end()
    provider.shutdown()
    return sizes.seen


def test_a_batch_is_small_unless_the_operator_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    small = _exported(300)
    monkeypatch.setenv(BATCH_VARIABLE, "200")
    asked = _exported(300)

    assert (sum(small), max(small)) == (300, DEFAULT_BATCH)
    assert (sum(asked), max(asked)) == (300, 200)


def test_a_queue_smaller_than_a_batch_makes_the_batch_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(QUEUE_VARIABLE, "1")

    assert _exported(1) == [1]


@pytest.mark.parametrize(
    ("batch", "sentence"),
    [
        ("many", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE is 'many': expected a whole number from 1"),
        ("0", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE is '0': expected a whole number from 1"),
        ("9999", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE is 9999: expected at most the queue's 2048"),
    ],
)
def test_an_unusable_batch_size_is_refused(batch: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BATCH_VARIABLE, batch)

    with pytest.raises(ValueError, match=f"^{sentence}$"):
        BoundedSpanQueue(Sizes(), lambda _: None)
