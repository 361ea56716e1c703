"""The export queue of ended spans, configured by the variables of OpenTelemetry's batch span processor.

Ending a span never blocks: spans that do not fit are dropped, spans that the collector refuses are lost. The SDK's own
processor reports losses in a metric of the SDK only, drops the oldest span instead of the newest, and costs a request
25 us more (docs/log.md).
"""

import os
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from miniobserve.background_sender import BackgroundSender, Limits
from miniobserve.traces.spans import Span

QUEUE_VARIABLE = "OTEL_BSP_MAX_QUEUE_SIZE"
BATCH_VARIABLE = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
DELAY_VARIABLE = "OTEL_BSP_SCHEDULE_DELAY"
DEFAULT_QUEUE = 2_048
# OpenTelemetry's default is 512. Encoding spans holds the interpreter lock, and with it every request; 128 spans take a
# third of a millisecond.
DEFAULT_BATCH = 128
DEFAULT_DELAY_MS = 5_000
# A collector that does not answer must not delay the server's shutdown.
CLOSE_S = 3.0


class SpanExport(Protocol):
    """An exporter of spans."""

    def export(self, spans: Sequence[Span]) -> bool:
        """Deliver the spans, and return whether they arrived."""

    def shutdown(self) -> None:
        """Abort an export in progress."""


class SpanQueue:
    """A bounded queue in front of an exporter; raises ValueError if one of the variables is invalid."""

    def __init__(self, export: SpanExport, on_dropped: Callable[[int], None]) -> None:
        self._export = export
        self._sender: BackgroundSender[Span] = BackgroundSender("spans", limits(), export.export, on_dropped)
        self.put = self._sender.put

    def close(self) -> None:
        """Export queued spans for CLOSE_S at most; the rest is dropped."""
        self._sender.close(CLOSE_S)
        # This ends the exporter's retries; it refuses later batches at once.
        self._export.shutdown()
        self._sender.close(CLOSE_S)


def limits() -> Limits:
    """Return the queue's limits, from OpenTelemetry's variables; raises ValueError if one is invalid."""
    queue = _count(QUEUE_VARIABLE, DEFAULT_QUEUE)
    batch = _count(BATCH_VARIABLE, min(DEFAULT_BATCH, queue))
    if batch > queue:
        raise ValueError(f"{BATCH_VARIABLE} is {batch}: expected at most the queue's {queue}")
    delay_s = _count(DELAY_VARIABLE, DEFAULT_DELAY_MS) / 1e3
    return Limits(queue, batch, min(delay_s, threading.TIMEOUT_MAX))


def _count(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{variable} is {text!r}: expected a whole number from 1")
    return int(text)
