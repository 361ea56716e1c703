"""Things on their way out: in order, in batches, never waited for, and each accounted for once."""

import threading
from collections.abc import Callable

import pytest

from miniobserve.outbox import Outbox, Pace

PATIENCE_S = 30.0
AT_ONCE = Pace(limit=1_000, batch=10, gather_s=0.001)
# Only a full batch or the end sends anything.
BY_BATCH = Pace(limit=1_000, batch=10, gather_s=3_600)


class Sink:
    """Takes batches, waits while it is told to, and refuses or raises when it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.lost = 0
        self.accepts = True
        self.error: Exception | None = None
        self.open = threading.Event()
        self.open.set()
        self._changed = threading.Condition()

    def send(self, batch: list[int]) -> bool:
        self.open.wait(PATIENCE_S)
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
            assert self._changed.wait_for(reached, PATIENCE_S)

    @property
    def things(self) -> list[int]:
        return [thing for batch in self.batches for thing in batch]


def _outbox(pace: Pace, sink: Sink) -> Outbox[int]:
    return Outbox("test", pace, sink.send, sink.drop)


def test_things_leave_in_their_order_and_no_batch_is_too_large() -> None:
    sink = Sink()
    outbox = _outbox(AT_ONCE, sink)

    for number in range(995):
        outbox.put(number)

    assert outbox.close(PATIENCE_S)
    assert (sink.things, sink.lost) == (list(range(995)), 0)
    assert max(map(len, sink.batches)) <= AT_ONCE.batch


def test_a_full_batch_leaves_without_further_waiting() -> None:
    sink = Sink()
    outbox = _outbox(BY_BATCH, sink)

    for number in range(25):
        outbox.put(number)
    sink.wait_until(lambda: len(sink.batches) == 2)
    left_behind = 25 - len(sink.things)
    outbox.close(PATIENCE_S)

    assert left_behind == 5
    assert list(map(len, sink.batches)) == [10, 10, 5]


def test_what_waits_leaves_when_it_has_gathered_long_enough() -> None:
    sink = Sink()
    outbox = _outbox(AT_ONCE, sink)

    outbox.put(1)

    sink.wait_until(lambda: sink.things == [1])
    outbox.close(PATIENCE_S)


def test_beyond_the_limit_the_newest_is_dropped_and_counted_while_nobody_waits() -> None:
    sink = Sink()
    sink.open.clear()
    outbox = _outbox(AT_ONCE, sink)

    # Had one of them waited for the sink, this would not return.
    for number in range(1_250):
        outbox.put(number)
    lost = sink.lost
    sink.open.set()
    outbox.close(PATIENCE_S)

    assert (lost, sink.lost) == (250, 250)
    assert sink.things == list(range(1_000))


def test_a_refused_batch_is_counted() -> None:
    sink = Sink()
    sink.accepts = False
    outbox = _outbox(AT_ONCE, sink)

    for number in range(30):
        outbox.put(number)
    outbox.close(PATIENCE_S)

    assert sink.lost == 30


def test_an_error_of_the_sink_is_told_and_costs_its_batch_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    sink = Sink()
    monkeypatch.setattr(threading, "excepthook", lambda error: sink.note(told, str(error.exc_value)))
    sink.error = RuntimeError("a defect of the exporter")
    outbox = _outbox(BY_BATCH, sink)

    for number in range(10):
        outbox.put(number)
    sink.wait_until(lambda: sink.lost == 10)
    sink.error = None
    for number in range(10, 20):
        outbox.put(number)
    outbox.close(PATIENCE_S)

    assert (sink.things, sink.lost) == (list(range(10, 20)), 10)
    sink.wait_until(lambda: told == ["a defect of the exporter"])


def test_closing_does_not_wait_for_a_stuck_sink_and_takes_nothing_more() -> None:
    sink = Sink()
    sink.open.clear()
    outbox = _outbox(AT_ONCE, sink)

    outbox.put(1)
    closed = outbox.close(0.01)
    outbox.put(2)
    sink.open.set()

    assert not closed
    assert outbox.close(PATIENCE_S)
    assert (sink.things, sink.lost) == ([1], 1)


def test_many_that_close_while_others_put_lose_nothing() -> None:
    for _ in range(200):
        sink = Sink()
        outbox = _outbox(AT_ONCE, sink)
        putting = threading.Thread(target=lambda outbox=outbox: [outbox.put(n) for n in range(20)])
        putting.start()
        finished = outbox.close(PATIENCE_S)
        putting.join()
        assert finished
        assert len(sink.things) + sink.lost == 20


def test_a_finalizer_that_puts_something_while_something_is_put_does_not_hang() -> None:
    sink = Sink()
    outbox = _outbox(AT_ONCE, sink)

    def put_inside_a_put() -> None:
        # Where a finalizer runs is up to the garbage collector; this is the state in which it finds the outbox.
        with outbox._lock:
            outbox.put(1)

    inside = threading.Thread(target=put_inside_a_put, daemon=True)
    inside.start()
    inside.join(PATIENCE_S)

    assert not inside.is_alive()
    outbox.close(PATIENCE_S)
    assert sink.things == [1]


def test_what_many_threads_put_is_all_sent_or_counted() -> None:
    sink = Sink()
    outbox = _outbox(Pace(limit=50, batch=7, gather_s=0.001), sink)

    def put_many() -> None:
        for number in range(2_000):
            outbox.put(number)

    threads = [threading.Thread(target=put_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outbox.close(PATIENCE_S)

    assert len(sink.things) + sink.lost == 8_000
