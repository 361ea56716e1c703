"""Ended spans on their way out: a bounded queue, a thread that exports batches, and a count of what got lost.

Ending a span never waits: what does not fit is dropped, and what an exporter refuses is gone. Both are counted, so
spans ended = exported + dropped + waiting.
"""

import os
import threading
from collections.abc import Callable, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

QUEUE_VARIABLE = "OTEL_BSP_MAX_QUEUE_SIZE"
BATCH_VARIABLE = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
DEFAULT_QUEUE = 2_048
# OpenTelemetry's default is 512. Turning that many into lines keeps the interpreter for 10 ms, which is the p99 of a
# request; these take 1 ms.
DEFAULT_BATCH = 64
# A collector that does not answer must not hold up a server that was asked to stop.
CLOSE_S = 3.0


class BoundedSpanQueue(SpanProcessor):
    """A batch processor that drops the newest span instead of the oldest, and tells how many.

    The library's own processor says what it dropped only in a metric of OpenTelemetry's SDK; deciding here, before
    its queue can be full, gives an exact count.
    """

    def __init__(self, exporter: SpanExporter, on_dropped: Callable[[int], None]) -> None:
        self._exporter = exporter
        self._on_dropped = on_dropped
        self._limit = queue_limit()
        self._waiting = 0
        self._lock = threading.Lock()
        self._batches = BatchSpanProcessor(
            _Told(exporter, self._exported), max_queue_size=self._limit, max_export_batch_size=batch_size(self._limit)
        )

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing happens to a span before it ends."""

    def on_end(self, span: ReadableSpan) -> None:
        """Queue the span, or drop it when as many wait as may."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        with self._lock:
            room = self._waiting < self._limit
            self._waiting += room
        if room:
            self._batches.on_end(span)
        else:
            self._on_dropped(1)

    def shutdown(self) -> None:
        """Export what waits, for CLOSE_S at most; the rest is dropped."""
        closing = threading.Thread(target=self._batches.shutdown, name="spans closing", daemon=True)
        closing.start()
        closing.join(CLOSE_S)
        if closing.is_alive():
            # Ends the retries in work; batches after it are refused at once.
            self._exporter.shutdown()
            closing.join(CLOSE_S)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what waits, on the calling thread."""
        return self._batches.force_flush(timeout_millis)

    def _exported(self, count: int, *, arrived: bool) -> None:
        with self._lock:
            self._waiting -= count
        if not arrived:
            self._on_dropped(count)


class _Told(SpanExporter):
    """An exporter that reports how each batch fared."""

    def __init__(self, exporter: SpanExporter, tell: Callable[..., None]) -> None:
        self._exporter = exporter
        self._tell = tell

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        finally:
            self._tell(len(spans), arrived=result is SpanExportResult.SUCCESS)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def queue_limit() -> int:
    """Return how many spans may wait, by OpenTelemetry's variable; raises ValueError when it is unusable."""
    return _count(QUEUE_VARIABLE, DEFAULT_QUEUE)


def batch_size(queue: int) -> int:
    """Return how many spans are exported at once, by OpenTelemetry's variable; raises ValueError likewise."""
    size = _count(BATCH_VARIABLE, min(DEFAULT_BATCH, queue))
    if size > queue:
        raise ValueError(f"{BATCH_VARIABLE} is {size}: expected at most the queue's {queue}")
    return size


def _count(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{variable} is {text!r}: expected a whole number from 1")
    return int(text)
