"""Things on their way out of the process, by a thread of their own: handing one over never waits and never fails.

What is too much is dropped, and what cannot be sent is gone. Both are counted: things put = sent + dropped + held.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Pace:
    """At most `limit` are held, waiting or being sent; they go by `batch`, once so many wait or `gather_s` is over."""

    limit: int
    batch: int
    gather_s: float


class Outbox(Generic[T]):
    """Sends what is put into it in order, in batches; `send` tells whether one arrived, `on_dropped` gets a count."""

    def __init__(
        self, name: str, pace: Pace, send: Callable[[list[T]], bool], on_dropped: Callable[[int], None]
    ) -> None:
        self._name = name
        self._pace = pace
        self._send = send
        self._on_dropped = on_dropped
        self._waiting: list[T] = []
        self._held = 0
        # Re-entrant: a finalizer may log while its thread puts something, wherever memory is allocated.
        self._lock = threading.RLock()
        self._some = threading.Event()
        self._enough = threading.Event()  # to send without gathering more
        self._closing = False
        self._finished = threading.Event()
        self._start()

    def put(self, thing: T) -> None:
        """Hand a thing over, or drop it."""
        with self._lock:
            room = self._held < self._pace.limit and not self._closing
            if room:
                self._held += 1
                self._waiting.append(thing)
                # Waking a thread costs more than all else here, so it happens twice a batch and not for each thing.
                if not self._some.is_set():
                    self._some.set()
                if len(self._waiting) >= self._pace.batch and not self._enough.is_set():
                    self._enough.set()
        if not room:
            self._on_dropped(1)

    def close(self, patience_s: float) -> bool:
        """Take nothing more, and tell whether all that is held was sent or dropped within that time."""
        with self._lock:
            self._closing = True
            self._some.set()
            self._enough.set()
        return self._finished.wait(patience_s)

    def _start(self) -> None:
        # A daemon: what blocks for ever must not keep the process alive.
        threading.Thread(target=self._drain, name=self._name, daemon=True).start()

    def _drain(self) -> None:
        finished = False
        try:
            while not finished:
                self._some.wait()
                self._enough.wait(self._pace.gather_s)
                self._send_batch()
                with self._lock:
                    finished = self._closing and not self._waiting
        finally:
            if finished:
                self._finished.set()
            else:  # an error of `send`, which ends this thread and stands on stderr; another goes on
                self._start()

    def _send_batch(self) -> None:
        with self._lock:
            batch = self._waiting[: self._pace.batch]
            del self._waiting[: len(batch)]
            if not self._closing and not self._waiting:
                self._some.clear()
            if not self._closing and len(self._waiting) < self._pace.batch:
                self._enough.clear()
        if not batch:
            return
        arrived = False
        try:
            arrived = self._send(batch)
        finally:
            with self._lock:
                self._held -= len(batch)
            if not arrived:
                self._on_dropped(len(batch))
