"""Sends spans to a collector through the SDK's OTLP exporters."""

from collections.abc import Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, Status, StatusCode

from miniobserve.traces.spans import Span, Trace

PROTOCOLS = ("grpc", "http/protobuf")


class OtlpExport:
    """Converts spans to the SDK's own and hands them to one of its exporters."""

    def __init__(self, exporter: SpanExporter, resource: Resource, scope: str) -> None:
        self._exporter = exporter
        self._resource = resource
        self._scope = InstrumentationScope(scope)

    def export(self, spans: Sequence[Span]) -> bool:
        """Deliver the spans, and return whether the collector accepted them."""
        readable = [_readable(span, self._resource, self._scope) for span in spans]
        return self._exporter.export(readable) is SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """End retries in progress; later exports are refused at once."""
        self._exporter.shutdown()


def _readable(span: Span, resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=_context(span.trace, span.id),
        parent=_context(span.trace, span.parent_id, is_remote=span.parent_is_remote) if span.parent_id else None,
        resource=resource,
        attributes=span.attributes,
        events=[Event(event.name, event.attributes, event.ns) for event in span.events],
        kind=span.kind,
        status=Status(StatusCode.ERROR, span.reason) if span.failed else Status(),
        start_time=span.started_ns,
        end_time=span.ended_ns,
        instrumentation_scope=scope,
    )


def _context(trace: Trace, span_id: str, *, is_remote: bool = False) -> SpanContext:
    return SpanContext(int(trace.id, 16), int(span_id, 16), is_remote, trace.flags, trace.state)


def otlp_exporter(protocol: str) -> SpanExporter:
    """Return the SDK's exporter for one of PROTOCOLS, configured by OpenTelemetry's variables."""
    # Imported here: grpc alone takes a quarter of a second and 20 MB, which a run without a collector does not need.
    if protocol == "http/protobuf":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http  # noqa: PLC0415

        return Http()
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc  # noqa: PLC0415

    return Grpc()
