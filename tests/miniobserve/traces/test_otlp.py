"""Spans over both OTLP protocols, against real receivers, hanging receivers and none."""

import threading
from collections.abc import Iterator

import pytest
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind
from tests.otlp import TIMEOUT_S, Receiver, receiver

from miniobserve.traces.otlp import PROTOCOLS
from miniobserve.traces.span_queue import QUEUE_VARIABLE
from miniobserve.traces.traces import Traces

HANGING_MS = "600000"


@pytest.fixture(params=PROTOCOLS)
def receiving(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Start a receiver for one protocol, and point the standard variables to it."""
    with receiver(request.param) as found:
        for name, value in found.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", HANGING_MS)
        yield found


class Dropped:
    """Counts lost spans, and lets a test wait for them."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = threading.Condition()

    def __call__(self, count: int) -> None:
        with self._changed:
            self.count += count
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.count >= count, TIMEOUT_S), f"{self.count} of {count} dropped"


def _end_spans(traces: Traces, count: int) -> None:
    for number in range(count):
        traces.source.start(f"span {number}", Context(), SpanKind.SERVER).end()


def test_spans_arrive_whole(receiving: Receiver, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("spans")
    traces = Traces("miniserve", folder / "spans.jsonl", Dropped())

    _end_spans(traces, 3)
    traces.close()

    arrived = receiving.wait_for(3)
    assert [span.name for span in arrived] == ["span 0", "span 1", "span 2"]
    assert receiving.services == {"miniserve"}
    assert list(folder.iterdir()) == []


def test_a_hanging_receiver_never_blocks_the_end_of_a_span_and_every_loss_is_counted(
    receiving: Receiver, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(QUEUE_VARIABLE, "600")  # more than a batch, which is what wakes the exporter
    receiving.answering.clear()
    dropped = Dropped()
    traces = Traces("test", tmp_path_factory.mktemp("spans") / "spans.jsonl", dropped)

    # If one of these spans waited for an export, this would not return.
    _end_spans(traces, 1_000)
    hung = receiving.asked.wait(TIMEOUT_S)
    lost_while_it_hung = dropped.count
    receiving.answering.set()
    traces.close()

    assert hung
    assert lost_while_it_hung == 400
    assert len(receiving.wait_for(600)) + dropped.count == 1_000


def test_spans_that_the_receiver_refuses_are_counted(
    receiving: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> None:
    receiving.refusing = True
    dropped = Dropped()
    traces = Traces("test", tmp_path_factory.mktemp("spans") / "spans.jsonl", dropped)

    _end_spans(traces, 5)
    traces.close()

    assert (dropped.count, receiving.spans) == (5, [])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_closing_does_not_wait_for_a_receiver_that_is_gone(
    protocol: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiver(protocol) as gone:
        environ = gone.environ
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", HANGING_MS)
    monkeypatch.setattr("miniobserve.traces.span_queue.CLOSE_S", 0.1)  # only to keep the suite short
    dropped = Dropped()
    traces = Traces("test", tmp_path_factory.mktemp("spans") / "spans.jsonl", dropped)

    _end_spans(traces, 5)
    traces.close()

    dropped.wait_for(5)


def test_an_unknown_protocol_is_refused(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")

    with pytest.raises(ValueError, match="OTEL_EXPORTER_OTLP_PROTOCOL is 'http/json': expected grpc or http/protobuf"):
        Traces("test", tmp_path_factory.mktemp("spans") / "spans.jsonl", Dropped())


@pytest.mark.parametrize(
    ("sampler", "argument", "sampled"),
    [
        ("always_off", "", 0),
        ("always_on", "", 400),
        ("traceidratio", "0.25", 100),
        ("parentbased_traceidratio", "0", 0),
    ],
)
def test_sampling_follows_the_standard_variables(
    sampler: str,
    argument: str,
    sampled: int,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", argument)
    path = tmp_path_factory.mktemp("spans") / "spans.jsonl"
    dropped = Dropped()
    traces = Traces("test", path, dropped)

    _end_spans(traces, 400)
    traces.close()

    written = len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0
    # A quarter of 400 is 100 with a standard deviation of 8.7: 50 away is six of them.
    assert abs(written - sampled) <= (50 if 0 < sampled < 400 else 0)
    assert dropped.count == 0


def test_values_that_protobuf_refuses_cost_no_span(
    receiving: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> None:
    dropped = Dropped()
    traces = Traces("test", tmp_path_factory.mktemp("spans") / "spans.jsonl", dropped)

    _end_spans(traces, 1)
    span = traces.source.start("hostile", Context(), SpanKind.SERVER)
    span.attributes |= {"tokens": 10**400, "wait": float("nan"), "text": "\ud800" * 10_000_000}
    span.add_event("error", {"tokens": -(10**400)})
    span.end()
    traces.close()

    assert [span.name for span in receiving.wait_for(2)] == ["span 0", "hostile"]
    assert dropped.count == 0
