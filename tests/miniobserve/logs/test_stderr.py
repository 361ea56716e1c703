"""A reader of stderr that is gone, slow or absent neither delays nor fails a writer."""

import io
import threading

from miniobserve.logs.stderr import LIMITS, LineWriter


class BrokenStream(io.StringIO):
    """A stream whose reader is gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


class StuckStream(io.StringIO):
    """A stream whose reader blocks until the test releases it."""

    def __init__(self) -> None:
        super().__init__()
        self.reader_reads = threading.Event()

    def write(self, text: str) -> int:
        self.reader_reads.wait()
        return super().write(text)


def test_lines_arrive_in_order() -> None:
    stream = io.StringIO()
    writer = LineWriter(stream)

    for number in range(100):
        writer.write(f"{number}\n")
    writer.close()

    assert stream.getvalue().split() == [str(number) for number in range(100)]


def test_a_broken_stream_raises_nothing_and_every_line_is_counted() -> None:
    dropped: list[int] = []
    writer = LineWriter(BrokenStream(), dropped.append)

    for _ in range(3):
        writer.write("line\n")
    writer.close()

    assert sum(dropped) == 3


def test_a_process_without_stderr_counts_its_lines() -> None:
    dropped: list[int] = []
    writer = LineWriter(None, dropped.append)

    writer.write("line\n")
    writer.close()

    assert (sum(dropped), writer.isatty()) == (1, False)


def test_a_stuck_stream_delays_nobody_and_lines_beyond_the_limit_are_dropped() -> None:
    dropped: list[int] = []
    stream = StuckStream()
    writer = LineWriter(stream, dropped.append)
    count = LIMITS.queued + 50

    for number in range(count):
        writer.write(f"{number}\n")
    stream.reader_reads.set()
    writer.close()

    assert sum(dropped) == 50
    assert len(stream.getvalue().split()) + sum(dropped) == count
