"""Ended spans on their way out, at the pace that OpenTelemetry's variables set for its batch processor.

Ending a span never waits: what does not fit is dropped, and what is refused is gone. The SDK's own processor tells that
in a metric of the SDK only, drops the oldest span instead of the newest, and takes a request 25 us more.
"""

import os
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from miniobserve.outbox import Outbox, Pace
from miniobserve.traces.spans import Span

QUEUE_VARIABLE = "OTEL_BSP_MAX_QUEUE_SIZE"
BATCH_VARIABLE = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
DELAY_VARIABLE = "OTEL_BSP_SCHEDULE_DELAY"
DEFAULT_QUEUE = 2_048
# OpenTelemetry's default is 512. Whoever turns spans into bytes keeps the interpreter, and with it every request; these
# take a third of a millisecond.
DEFAULT_BATCH = 128
DEFAULT_DELAY_MS = 5_000
# A collector that does not answer must not hold up a server that was asked to stop.
CLOSE_S = 3.0


class SpanExport(Protocol):
    """Where spans go."""

    def export(self, spans: Sequence[Span]) -> bool:
        """Deliver the spans, and tell whether they arrived."""

    def shutdown(self) -> None:
        """Give up what is under way."""


class SpanQueue:
    """A bounded queue in front of an export; raises ValueError when one of the variables is unusable."""

    def __init__(self, export: SpanExport, on_dropped: Callable[[int], None]) -> None:
        self._export = export
        self._outbox: Outbox[Span] = Outbox("spans", pace(), export.export, on_dropped)
        self.put = self._outbox.put

    def close(self) -> None:
        """Export what waits, for CLOSE_S at most; the rest is dropped."""
        self._outbox.close(CLOSE_S)
        # Ends the retries in work, if there are any; batches after it are refused at once.
        self._export.shutdown()
        self._outbox.close(CLOSE_S)


def pace() -> Pace:
    """Return how spans leave, by OpenTelemetry's variables; raises ValueError when one is unusable."""
    queue = _count(QUEUE_VARIABLE, DEFAULT_QUEUE)
    batch = _count(BATCH_VARIABLE, min(DEFAULT_BATCH, queue))
    if batch > queue:
        raise ValueError(f"{BATCH_VARIABLE} is {batch}: expected at most the queue's {queue}")
    delay_s = _count(DELAY_VARIABLE, DEFAULT_DELAY_MS) / 1e3
    return Pace(queue, batch, min(delay_s, threading.TIMEOUT_MAX))


def _count(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{variable} is {text!r}: expected a whole number from 1")
    return int(text)
