"""Batches of spans are small enough that encoding one does not delay a request."""

from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanKind, TraceFlags
from opentelemetry.trace.span import TraceState

from miniobserve.traces.span_queue import BATCH_VARIABLE, DEFAULT_BATCH, QUEUE_VARIABLE, SpanQueue
from miniobserve.traces.spans import Span, SpanSource, Trace


class Sizes:
    """Records the size of each batch."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def export(self, spans: Sequence[Span]) -> bool:
        self.seen.append(len(spans))
        return True

    def shutdown(self) -> None:
        """Do nothing: no export is in progress."""


def _exported(count: int) -> list[int]:
    sizes = Sizes()
    spans = SpanQueue(sizes, lambda _: None)
    trace = Trace("0" * 31 + "1", TraceFlags(1), TraceState(), exported=True)
    source = SpanSource(None, RandomIdGenerator(), spans.put)
    for _ in range(count):
        spans.put(Span(source, "one", SpanKind.SERVER, trace, "0" * 15 + "2", None, False, {}, 0))
    spans.close()
    return sizes.seen


def test_batches_are_small_unless_the_operator_sets_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
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
        SpanQueue(Sizes(), lambda _: None)


def test_a_delay_beyond_what_a_thread_can_wait_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "9" * 20)

    assert _exported(3) == [3]
