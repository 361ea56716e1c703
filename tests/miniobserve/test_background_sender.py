"""The background sender: in order, in batches, without blocking, and every item is counted once."""

import threading
from collections.abc import Callable

import pytest

from miniobserve.background_sender import BackgroundSender, Limits

TIMEOUT_S = 30.0
SOON = Limits(queued=1_000, batch=10, delay_s=0.001)
# Only a full batch or `close` sends anything.
BY_BATCH = Limits(queued=1_000, batch=10, delay_s=3_600)


class Sink:
    """Receives batches; a test can make it block, refuse or raise."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.lost = 0
        self.accepts = True
        self.error: Exception | None = None
        self.open = threading.Event()
        self.open.set()
        self._changed = threading.Condition()

    def send(self, batch: list[int]) -> bool:
        self.open.wait(TIMEOUT_S)
        if self.error is not None:
            raise self.error
        with self._changed:
            self.batches.append(batch)
            self._changed.notify_all()
        return self.accepts

    def drop(self, count: int) -> None:
        with self._changed:
            self.lost += count
            self._changed.notify_all()

    def note(self, where: list[str], what: str) -> None:
        with self._changed:
            where.append(what)
            self._changed.notify_all()

    def wait_until(self, reached: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(reached, TIMEOUT_S)

    @property
    def items(self) -> list[int]:
        return [item for batch in self.batches for item in batch]


def _sender(limits: Limits, sink: Sink) -> BackgroundSender[int]:
    return BackgroundSender("test", limits, sink.send, sink.drop)


def test_items_are_sent_in_order_and_no_batch_is_too_large() -> None:
    sink = Sink()
    sender = _sender(SOON, sink)

    for number in range(995):
        sender.put(number)

    assert sender.close(TIMEOUT_S)
    assert (sink.items, sink.lost) == (list(range(995)), 0)
    assert max(map(len, sink.batches)) <= SOON.batch


def test_a_full_batch_is_sent_without_delay() -> None:
    sink = Sink()
    sender = _sender(BY_BATCH, sink)

    for number in range(25):
        sender.put(number)
    sink.wait_until(lambda: len(sink.batches) == 2)
    left_behind = 25 - len(sink.items)
    sender.close(TIMEOUT_S)

    assert left_behind == 5
    assert list(map(len, sink.batches)) == [10, 10, 5]


def test_a_partial_batch_is_sent_after_the_delay() -> None:
    sink = Sink()
    sender = _sender(SOON, sink)

    sender.put(1)

    sink.wait_until(lambda: sink.items == [1])
    sender.close(TIMEOUT_S)


def test_items_beyond_the_limit_are_dropped_and_counted_without_blocking() -> None:
    sink = Sink()
    sink.open.clear()
    sender = _sender(SOON, sink)

    # If one of these calls waited for the sink, this loop would not end.
    for number in range(1_250):
        sender.put(number)
    lost = sink.lost
    sink.open.set()
    sender.close(TIMEOUT_S)

    assert (lost, sink.lost) == (250, 250)
    assert sink.items == list(range(1_000))


def test_a_refused_batch_is_counted() -> None:
    sink = Sink()
    sink.accepts = False
    sender = _sender(SOON, sink)

    for number in range(30):
        sender.put(number)
    sender.close(TIMEOUT_S)

    assert sink.lost == 30


def test_an_error_of_the_sink_is_reported_and_costs_only_its_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[str] = []
    sink = Sink()
    monkeypatch.setattr(threading, "excepthook", lambda error: sink.note(reported, str(error.exc_value)))
    sink.error = RuntimeError("a defect of the exporter")
    sender = _sender(BY_BATCH, sink)

    for number in range(10):
        sender.put(number)
    sink.wait_until(lambda: sink.lost == 10)
    sink.error = None
    for number in range(10, 20):
        sender.put(number)
    sender.close(TIMEOUT_S)

    assert (sink.items, sink.lost) == (list(range(10, 20)), 10)
    sink.wait_until(lambda: reported == ["a defect of the exporter"])


def test_closing_does_not_wait_for_a_stuck_sink_and_later_items_are_dropped() -> None:
    sink = Sink()
    sink.open.clear()
    sender = _sender(SOON, sink)

    sender.put(1)
    closed = sender.close(0.01)
    sender.put(2)
    sink.open.set()

    assert not closed
    assert sender.close(TIMEOUT_S)
    assert (sink.items, sink.lost) == ([1], 1)


def test_closing_while_another_thread_puts_loses_nothing() -> None:
    for _ in range(200):
        sink = Sink()
        sender = _sender(SOON, sink)
        putting = threading.Thread(target=lambda sender=sender: [sender.put(n) for n in range(20)])
        putting.start()
        finished = sender.close(TIMEOUT_S)
        putting.join()
        assert finished
        assert len(sink.items) + sink.lost == 20


def test_a_finalizer_that_puts_an_item_during_a_put_does_not_deadlock() -> None:
    sink = Sink()
    sender = _sender(SOON, sink)

    def put_inside_a_put() -> None:
        # A test cannot choose when the garbage collector runs a finalizer, so it takes the lock as `put` does.
        with sender._lock:
            sender.put(1)

    inside = threading.Thread(target=put_inside_a_put, daemon=True)
    inside.start()
    inside.join(TIMEOUT_S)

    assert not inside.is_alive()
    sender.close(TIMEOUT_S)
    assert sink.items == [1]


def test_every_item_that_many_threads_put_is_sent_or_counted() -> None:
    sink = Sink()
    sender = _sender(Limits(queued=50, batch=7, delay_s=0.001), sink)

    def put_many() -> None:
        for number in range(2_000):
            sender.put(number)

    threads = [threading.Thread(target=put_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sender.close(TIMEOUT_S)

    assert len(sink.items) + sink.lost == 8_000
