"""Our spans compared with those of OpenTelemetry's SDK: same ids, same sampling, same bytes."""

import json
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import pytest
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, Tracer, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, TraceFlags
from opentelemetry.trace import set_span_in_context as below
from opentelemetry.trace.span import TraceState

from miniobserve.traces import spans as ours
from miniobserve.traces.otlp import OtlpExport
from miniobserve.traces.span_file import SpanFile
from miniobserve.traces.traces import outgoing_headers

SCOPE = "miniserve"
RESOURCE = Resource.create({"service.name": "tést", "service.instance.id": "one"})
# Whole microseconds: below them the SDK's writing goes by floating point.
FIRST_NS = 1_764_275_476_919_711_000
STEP_NS = 1_000_003_000
ATTRIBUTES: ours.Attributes = {"traffic.arm": "shadow_B", "traffic.queue_ms": 1.25, "http.response.status_code": 200}
REASON = 'it "broke"\nin tés\x00t'
INCOMING = {
    "no parent": Context(),
    "a sampled one": below(
        NonRecordingSpan(SpanContext(2**127 + 5, 2**63 + 7, True, TraceFlags(1), TraceState([("a", "b"), ("c", "d")]))),
        Context(),
    ),
    "one that is not sampled": below(NonRecordingSpan(SpanContext(2**127 + 5, 7, True, TraceFlags(0))), Context()),
    "one of random ids": below(NonRecordingSpan(SpanContext(2**127 + 5, 7, True, TraceFlags(3))), Context()),
}


class Counted(IdGenerator):
    """Generates consecutive ids, spread over all bits."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def generate_span_id(self) -> int:
        return next(self._numbers) * 0x9E3779B97F4A7C15 % 2**64

    def generate_trace_id(self) -> int:
        return self.generate_span_id() << 64 | self.generate_span_id()


class Kept(SpanProcessor):
    """Collects the sampled spans that ended."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            self.spans.append(span)


class Sent(SpanExporter):
    """An exporter that collects the spans it gets."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans.extend(spans)
        return SpanExportResult.SUCCESS


def _tracer(kept: Kept) -> Tracer:
    provider = TracerProvider(resource=RESOURCE, id_generator=Counted(), shutdown_on_exit=False)
    provider.add_span_processor(kept)
    tracer = provider.get_tracer(SCOPE)
    assert isinstance(tracer, Tracer)
    return tracer


def _source(export: Callable[[ours.Span], None]) -> ours.SpanSource:
    return ours.SpanSource(_tracer(Kept()).sampler, Counted(), export)


def _act(tracer: Tracer, incoming: Context) -> None:
    handler = tracer.start_span("http.handler", context=incoming, kind=SpanKind.SERVER)
    run = tracer.start_span("arm.infer", context=below(handler, Context()), attributes=ATTRIBUTES)
    run.set_status(StatusCode.ERROR, REASON)
    run.add_event("error", {"reason": REASON})
    handler.set_attribute("http.request.method", "POST")
    handler.end()
    run.end()


def _act_likewise(source: ours.SpanSource, incoming: Context) -> None:
    handler = source.start("http.handler", incoming, SpanKind.SERVER)
    run = handler.child("arm.infer", dict(ATTRIBUTES))
    run.fail(REASON)
    run.add_event("error", {"reason": REASON})
    handler.attributes["http.request.method"] = "POST"
    handler.end()
    run.end()


@pytest.mark.parametrize("incoming", INCOMING.values(), ids=INCOMING.keys())
def test_the_same_actions_give_the_same_spans_as_the_sdk(
    incoming: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept()
    monkeypatch.setattr("opentelemetry.sdk.trace.time_ns", count(FIRST_NS, STEP_NS).__next__)
    _act(_tracer(kept), incoming)
    monkeypatch.setattr(ours, "time_ns", count(FIRST_NS, STEP_NS).__next__)
    ended: list[ours.Span] = []
    _act_likewise(_source(ended.append), incoming)

    sent = Sent()
    path = tmp_path / "spans.jsonl"
    assert OtlpExport(sent, RESOURCE, SCOPE).export(ended)
    assert not ended or SpanFile(path, RESOURCE).export(ended)

    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    assert len(ended) == (0 if incoming is INCOMING["one that is not sampled"] else 2)
    assert [json.loads(line) for line in lines] == [json.loads(span.to_json()) for span in kept.spans]
    assert encode_spans(sent.spans) == encode_spans(kept.spans)


@pytest.mark.parametrize("incoming", INCOMING.values(), ids=INCOMING.keys())
@pytest.mark.parametrize(
    ("sampler", "argument"),
    [
        ("", ""),
        ("always_on", ""),
        ("always_off", ""),
        ("traceidratio", "0.4"),
        ("parentbased_always_on", ""),
        ("parentbased_always_off", ""),
        ("parentbased_traceidratio", "0.4"),
    ],
)
def test_every_span_of_a_trace_is_sampled_as_the_sdk_would(
    sampler: str, argument: str, incoming: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sampler:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", argument)
    tracer = _tracer(Kept())
    source = _source(lambda _: None)

    for _ in range(50):
        theirs: Span = tracer.start_span("http.handler", context=incoming, kind=SpanKind.SERVER)
        mine = source.start("http.handler", incoming, SpanKind.SERVER)
        their_child = tracer.start_span("arm.infer", context=below(theirs, Context()))
        for span, their_span in ((mine, theirs), (mine.child("arm.infer", {}), their_child)):
            context = their_span.get_span_context()
            assert (int(span.trace.id, 16), int(span.id, 16)) == (context.trace_id, context.span_id)
            assert (span.trace.flags, span.trace.state or TraceState()) == (context.trace_flags, context.trace_state)
            assert span.trace.exported == their_span.is_recording()


def test_the_sdks_tracer_has_the_sampler_that_spans_are_started_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Tracer.sampler` is the one attribute of the SDK that is read without being documented."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer(SCOPE)

    assert isinstance(tracer, Tracer)
    assert tracer.sampler is ALWAYS_OFF


def test_a_disabled_sdk_passes_the_clients_context_on_and_exports_nothing() -> None:
    ended: list[ours.Span] = []
    source = ours.SpanSource(None, RandomIdGenerator(), ended.append)

    handler = source.start("http.handler", INCOMING["a sampled one"], SpanKind.SERVER)
    run = handler.child("arm.infer", {})
    run.end()
    handler.end()
    own = source.start("http.handler", Context(), SpanKind.SERVER)

    assert handler.ids == run.ids == {"trace_id": "8" + "0" * 30 + "5", "span_id": "8" + "0" * 14 + "7"}
    assert outgoing_headers(own) == []
    assert ended == []


def test_an_exception_ends_and_fails_its_span_like_the_sdks() -> None:
    kept = Kept()
    ended: list[ours.Span] = []
    source = _source(ended.append)

    with pytest.raises(json.JSONDecodeError), _tracer(kept).start_as_current_span("http.handler"):
        json.loads("{")
    with pytest.raises(json.JSONDecodeError), source.start("http.handler", Context(), SpanKind.INTERNAL):
        json.loads("{")

    sent = Sent()
    OtlpExport(sent, RESOURCE, SCOPE).export(ended)
    (theirs,), (mine,) = kept.spans, sent.spans
    assert (mine.status.status_code, mine.status.description) == (theirs.status.status_code, theirs.status.description)
    (their_event,), (my_event,) = theirs.events, mine.events
    expected = dict(their_event.attributes or {})
    found = dict(my_event.attributes or {})
    del expected["exception.escaped"]  # which the conventions have given up
    assert str(found.pop("exception.stacktrace")).startswith("Traceback")
    assert str(expected.pop("exception.stacktrace")).startswith("Traceback")
    assert (my_event.name, found) == (their_event.name, expected)


def test_a_cancelled_block_ends_its_span_without_failing_it() -> None:
    ended: list[ours.Span] = []
    source = _source(ended.append)

    with pytest.raises(KeyboardInterrupt), source.start("http.handler", Context(), SpanKind.INTERNAL):
        raise KeyboardInterrupt

    assert [(span.failed, span.events) for span in ended] == [(False, ())]
