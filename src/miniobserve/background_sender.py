"""A bounded queue drained by a background thread: putting an item never blocks and never fails.

Items that do not fit are dropped, items that cannot be sent are lost. Both are counted, so that at any moment
put = sent + dropped + queued. The standard library's QueueListener sends one record at a time, has no bound of its own
that drops and counts, and joins its thread without a timeout; docs/log.md has the measurements.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """At most `queued` items wait or are being sent; a batch leaves once it is full, or `delay_s` after its first."""

    queued: int
    batch: int
    delay_s: float


class BackgroundSender(Generic[T]):
    """Sends items in order and in batches. `send` returns whether a batch arrived; `on_dropped` gets a count."""

    def __init__(
        self, name: str, limits: Limits, send: Callable[[list[T]], bool], on_dropped: Callable[[int], None]
    ) -> None:
        self._name = name
        self._limits = limits
        self._send = send
        self._on_dropped = on_dropped
        self._waiting: list[T] = []
        self._queued = 0  # waiting or being sent
        # Re-entrant: a finalizer may log while its thread is inside `put`, wherever memory is allocated.
        self._lock = threading.RLock()
        self._not_empty = threading.Event()
        self._batch_full = threading.Event()
        self._closing = False
        self._finished = threading.Event()
        self._start()

    def put(self, item: T) -> None:
        """Queue an item, or drop it if the queue is full or closed."""
        with self._lock:
            accepted = self._queued < self._limits.queued and not self._closing
            if accepted:
                self._queued += 1
                self._waiting.append(item)
                # Waking a thread costs more than everything else here, so it happens twice a batch, not for each item.
                if not self._not_empty.is_set():
                    self._not_empty.set()
                if len(self._waiting) >= self._limits.batch and not self._batch_full.is_set():
                    self._batch_full.set()
        if not accepted:
            self._on_dropped(1)

    def close(self, timeout_s: float) -> bool:
        """Accept no more items, and return whether all queued ones were sent or dropped within the timeout."""
        with self._lock:
            self._closing = True
            self._not_empty.set()
            self._batch_full.set()
        return self._finished.wait(timeout_s)

    def _start(self) -> None:
        # A daemon thread: a send that blocks for ever must not keep the process alive.
        threading.Thread(target=self._drain, name=self._name, daemon=True).start()

    def _drain(self) -> None:
        finished = False
        try:
            while not finished:
                self._not_empty.wait()
                self._batch_full.wait(self._limits.delay_s)
                self._send_batch()
                with self._lock:
                    finished = self._closing and not self._waiting
        finally:
            if finished:
                self._finished.set()
            else:  # `send` raised: threading.excepthook prints it, and a new thread takes over
                self._start()

    def _send_batch(self) -> None:
        with self._lock:
            batch = self._waiting[: self._limits.batch]
            del self._waiting[: len(batch)]
            if not self._closing and not self._waiting:
                self._not_empty.clear()
            if not self._closing and len(self._waiting) < self._limits.batch:
                self._batch_full.clear()
        if not batch:
            return
        arrived = False
        try:
            arrived = self._send(batch)
        finally:
            with self._lock:
                self._queued -= len(batch)
            if not arrived:
                self._on_dropped(len(batch))
