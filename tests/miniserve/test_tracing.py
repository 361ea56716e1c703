"""Each request is one trace, as an OTLP receiver gets it; the shadow's span in it ends when B ends, with its status."""

from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from tests.conftest import Routing, StartServer, correct, metric_families
from tests.otlp import TIMEOUT_S, Receiver, attributes, receiver

from miniobserve.traces.otlp import PROTOCOLS
from miniserve.log.traffic_log import read_log
from miniserve.traffic import Strategy

CLIENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CLIENT_UNSAMPLED = CLIENT[:-2] + "00"
SENTENCE = "He goed home."
# Longer than B waits for a core on a busy machine.
LONG_TIMEOUT_MS = "60000"


@pytest.fixture
def receiving(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver for the test's servers, over gRPC unless the test is parametrized."""
    with receiver(getattr(request, "param", PROTOCOLS[0])) as found:
        for name, value in found.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        yield found


def _arm_span(receiving: Receiver, traffic_arm: str) -> Span:
    (span,) = [s for s in receiving.named("arm.infer") if attributes(s.attributes)["traffic.arm"] == traffic_arm]
    return span


@pytest.mark.parametrize("receiving", PROTOCOLS, indirect=True)
def test_a_request_is_one_trace_of_four_spans(receiving: Receiver, start_server: StartServer, routing: Routing) -> None:
    config = routing(Strategy.SHADOW)
    server = start_server(config, SHADOW_TIMEOUT_MS=LONG_TIMEOUT_MS)
    server.wait_for_shadow()

    reply = correct(server, SENTENCE, "user-1")
    spans = receiving.wait_for(4)
    server.stop()

    (handler,) = receiving.named("http.handler")
    (record,) = read_log(server.traffic_log).records
    assert sorted(span.name for span in spans) == ["arm.infer", "arm.infer", "http.handler", "traffic.assign"]
    assert {span.trace_id.hex() for span in spans} == {record.trace_id}
    assert {span.parent_span_id for span in spans if span is not handler} == {handler.span_id}
    assert reply.headers["traceparent"].split("-")[1:3] == [record.trace_id, handler.span_id.hex()]
    for arm, traffic_arm, role in (("A", "A", "production"), ("B", "shadow_B", "shadow")):
        found = attributes(_arm_span(receiving, traffic_arm).attributes)
        assert (found["traffic.role"], found["traffic.status"]) == (role, "ok")
        assert found["model.sha"] == config.arms[arm]
        assert (found["traffic.salt"], found["request.id"]) == (config.salt, "user-1")


@pytest.mark.parametrize(
    ("fault", "status"),
    [("raises", "error"), ("exits", "error"), ("returns-nothing", "bad_output"), ("waits-for-ever", "timeout")],
)
def test_the_shadows_span_ends_with_b_and_has_bs_failure(
    fault: str, status: str, receiving: Receiver, start_server: StartServer, routing: Routing
) -> None:
    timeout_ms = "300" if fault == "waits-for-ever" else LONG_TIMEOUT_MS
    server = start_server(routing(Strategy.SHADOW), fault=fault, SHADOW_TIMEOUT_MS=timeout_ms)
    server.wait_for_shadow()

    correct(server, SENTENCE)
    receiving.wait_for(4)

    _check_failed(receiving, status)
    (handler,) = receiving.named("http.handler")
    assert _arm_span(receiving, "shadow_B").end_time_unix_nano > handler.end_time_unix_nano


def test_the_span_of_a_dropped_shadow_run_says_dropped(
    receiving: Receiver, start_server: StartServer, routing: Routing
) -> None:
    server = start_server(
        routing(Strategy.SHADOW), fault="waits-for-ever", SHADOW_QUEUE="1", SHADOW_TIMEOUT_MS="600000", DRAIN_MS="0"
    )
    server.wait_for_shadow()

    correct(server, SENTENCE)
    correct(server, SENTENCE)
    # the first shadow's span is still open
    receiving.wait_for(7)

    _check_failed(receiving, "dropped")


def test_the_span_of_a_cancelled_shadow_run_says_cancelled(
    receiving: Receiver, start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.SHADOW), fault="waits-for-ever", SHADOW_TIMEOUT_MS="600000", DRAIN_MS="0")
    server.wait_for_shadow()

    correct(server, SENTENCE)
    receiving.wait_for(3)
    open_before = len(receiving.named(""))
    server.stop()

    assert open_before == 3
    _check_failed(receiving, "cancelled")


def _check_failed(receiving: Receiver, status: str) -> None:
    span = _arm_span(receiving, "shadow_B")
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert [event.name for event in span.events] == [status]
    assert span.status.message == attributes(span.events[0].attributes)["reason"] != ""
    assert attributes(span.attributes)["traffic.status"] == status


def test_a_clients_trace_is_continued_with_its_sampling_decision(
    receiving: Receiver, start_server: StartServer, routing: Routing
) -> None:
    server = start_server(routing(Strategy.SINGLE))

    unsampled = correct(server, SENTENCE, traceparent=CLIENT_UNSAMPLED)
    sampled = correct(server, SENTENCE, traceparent=CLIENT)
    receiving.wait_for(1, "http.handler")
    server.stop()

    (handler,) = receiving.named("http.handler")
    assert (handler.trace_id.hex(), handler.parent_span_id.hex()) == tuple(CLIENT.split("-")[1:3])
    assert (unsampled.headers["traceparent"][-2:], sampled.headers["traceparent"][-2:]) == ("00", "01")
    # The line has the trace id even if the trace is not sampled, because the client may know it.
    assert {record.trace_id for record in read_log(server.traffic_log).records} == {CLIENT.split("-")[1]}


def test_an_untrusted_client_gets_a_new_trace(receiving: Receiver, start_server: StartServer, routing: Routing) -> None:
    server = start_server(routing(Strategy.SINGLE), TRUST_TRACEPARENT="0")

    correct(server, SENTENCE, traceparent=CLIENT)

    (handler,) = receiving.wait_for(1, "http.handler")
    assert (handler.trace_id.hex() == CLIENT.split("-")[1], handler.parent_span_id) == (False, b"")


def test_requests_are_answered_while_the_receiver_hangs_and_lost_spans_are_counted(
    receiving: Receiver, start_server: StartServer, routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "20")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
    # A request that waited for an export would wait for ten minutes.
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "600000")
    receiving.answering.clear()
    server = start_server(routing(Strategy.SINGLE))

    replies = [correct(server, SENTENCE) for _ in range(20)]
    hung = receiving.asked.wait(TIMEOUT_S)
    (dropped,) = metric_families(server.metrics())["spans_dropped"].samples
    receiving.answering.set()

    assert {reply.status_code for reply in replies} == {200}
    assert hung
    # three spans per request, of which the queue holds twenty
    assert dropped.value == 3 * 20 - 20
