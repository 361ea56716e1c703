"""OpenTelemetry traces: W3C context in and out, spans to OTLP where configured, else to a bounded local JSONL file."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, format_span_id, format_trace_id, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

MAX_FILE_BYTES = 32 * 2**20
MAX_TRACESTATE_CHARS = 512
_propagator = TraceContextTextMapPropagator()


class JsonlSpanExporter(SpanExporter):
    """Writes each span as one JSON line; at MAX_FILE_BYTES the file becomes `.1` and a fresh one begins."""

    def __init__(self, path: Path, on_dropped: Callable[[int], None]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._on_dropped = on_dropped

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append the spans; those that cannot be written are counted, never raised."""
        lines = "".join(span.to_json(indent=None) + "\n" for span in spans)
        try:
            if self._path.exists() and self._path.stat().st_size + len(lines) > MAX_FILE_BYTES:
                self._path.replace(self._path.with_name(self._path.name + ".1"))
            with open(self._path, "a", encoding="utf-8", opener=_private) as file:
                file.write(lines)
        except OSError:
            self._on_dropped(len(spans))
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing is kept open."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is buffered here; the batch processor flushes."""
        return True


def tracer_provider(service: str, local_file: Path, on_dropped: Callable[[int], None]) -> TracerProvider:
    """Return a provider that exports to OTLP if OTEL_EXPORTER_OTLP_(TRACES_)ENDPOINT is set, else to the file.

    OTEL_EXPORTER_OTLP_PROTOCOL chooses grpc (the default) or http/protobuf; OTEL_TRACES_SAMPLER works as specified.
    Raises ValueError when one of OpenTelemetry's variables is unusable.
    """
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(_exporter(local_file, on_dropped)))
    return provider


def incoming_context(headers: Mapping[str, str]) -> Context:
    """Return the context that a client's `traceparent` and `tracestate` name, or an empty one.

    A tracestate beyond what W3C asks everybody to carry (512 characters) is dropped: it would stand on every span.
    """
    carrier = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
    if len(carrier.get("tracestate", "")) > MAX_TRACESTATE_CHARS:
        del carrier["tracestate"]
    return _propagator.extract(carrier, context=Context())


def outgoing_headers(span: Span) -> dict[str, str]:
    """Return the W3C headers that carry the span's context."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, context=set_span_in_context(span, Context()))
    return carrier


def trace_id(span: Span) -> str:
    """Return the span's trace id, 32 hexadecimal digits."""
    return format_trace_id(span.get_span_context().trace_id)


def span_id(span: Span) -> str:
    """Return the span's id, 16 hexadecimal digits."""
    return format_span_id(span.get_span_context().span_id)


def _exporter(local_file: Path, on_dropped: Callable[[int], None]) -> SpanExporter:
    if not any(os.environ.get(f"OTEL_EXPORTER_OTLP_{kind}ENDPOINT") for kind in ("", "TRACES_")):
        return JsonlSpanExporter(local_file, on_dropped)
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    # Imported here: grpc alone costs a quarter of a second and 20 MB that a local run has no use for.
    if protocol == "http/protobuf":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http  # noqa: PLC0415

        return Http()
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc  # noqa: PLC0415

    return Grpc()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
