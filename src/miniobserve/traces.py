"""OpenTelemetry traces: W3C context in and out, spans to OTLP where configured, else to a bounded local JSONL file."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.trace import Span, format_span_id, format_trace_id, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from miniobserve.spanfile import JsonlSpanExporter
from miniobserve.spanqueue import BoundedSpanQueue

MAX_TRACESTATE_CHARS = 512
PROTOCOLS = ("grpc", "http/protobuf")
_propagator = TraceContextTextMapPropagator()


def tracer_provider(service: str, local_file: Path, on_dropped: Callable[[int], None]) -> TracerProvider:
    """Return a provider that exports to OTLP if OTEL_EXPORTER_OTLP_(TRACES_)ENDPOINT is set, else to the file.

    OTEL_EXPORTER_OTLP_PROTOCOL chooses grpc (the default) or http/protobuf; OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME
    and OTEL_BSP_MAX_QUEUE_SIZE work as specified. `on_dropped` is told, on any thread, how many spans were lost.
    Raises ValueError when one of OpenTelemetry's variables is unusable.
    """
    named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    provider = TracerProvider(resource=Resource.create({} if named else {"service.name": service}))
    provider.add_span_processor(BoundedSpanQueue(_exporter(local_file), on_dropped))
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


def exemplar(span: Span) -> dict[str, str] | None:
    """Return the labels by which a metric points at the span, or None where sampling left it out."""
    if not span.get_span_context().trace_flags.sampled:
        return None
    return {"trace_id": trace_id(span), "span_id": span_id(span)}


def _exporter(local_file: Path) -> SpanExporter:
    if not any(os.environ.get(f"OTEL_EXPORTER_OTLP_{kind}ENDPOINT") for kind in ("", "TRACES_")):
        return JsonlSpanExporter(local_file)
    variables = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    name, protocol = next(((name, os.environ[name]) for name in variables if os.environ.get(name)), ("", "grpc"))
    if protocol not in PROTOCOLS:
        raise ValueError(f"{name} is {protocol!r}: expected {' or '.join(PROTOCOLS)}")
    # Imported here: grpc alone costs a quarter of a second and 20 MB that a local run has no use for.
    if protocol == "http/protobuf":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http  # noqa: PLC0415

        return Http()
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc  # noqa: PLC0415

    return Grpc()
