"""OpenTelemetry traces: W3C context in and out, spans to OTLP if configured, else to a bounded local JSONL file."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Tracer, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import INVALID_TRACE_ID
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from miniobserve.traces.otlp import PROTOCOLS, OtlpExport, otlp_exporter
from miniobserve.traces.span_file import SpanFile
from miniobserve.traces.span_queue import SpanExport, SpanQueue
from miniobserve.traces.spans import Span, SpanSource

MAX_TRACESTATE_CHARS = 512
_NO_TRACE = f"{INVALID_TRACE_ID:032x}"
_propagator = TraceContextTextMapPropagator()


class Traces:
    """The traces of a service, configured by OpenTelemetry's variables.

    Spans go to OTLP if OTEL_EXPORTER_OTLP_(TRACES_)ENDPOINT is set, by OTEL_EXPORTER_OTLP_PROTOCOL grpc (the default)
    or http/protobuf, else to the local file. OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME, OTEL_SDK_DISABLED and the
    OTEL_BSP variables work as specified. `on_dropped` is called with the number of lost spans, from any thread. Raises
    ValueError if one of the variables is invalid.
    """

    def __init__(self, service: str, local_file: Path, on_dropped: Callable[[int], None]) -> None:
        named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
        resource = Resource.create({} if named else {"service.name": service})
        # The provider reads the sampler from the environment; with OTEL_SDK_DISABLED its tracer is a NoOpTracer.
        tracer = TracerProvider(resource=resource, shutdown_on_exit=False).get_tracer(service)
        self._queue = SpanQueue(_export(service, resource, local_file), on_dropped)
        sampler = tracer.sampler if isinstance(tracer, Tracer) else None
        self.source = SpanSource(sampler, RandomIdGenerator(), self._queue.put)

    def close(self) -> None:
        """Export queued spans, for a few seconds at most."""
        self._queue.close()


def incoming_context(headers: Mapping[str, str]) -> Context:
    """Return the context from a client's `traceparent` and `tracestate` headers, or an empty one.

    A tracestate longer than what W3C requires everybody to carry (512 characters) is dropped: every span would hold it.
    """
    carrier = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
    if len(carrier.get("tracestate", "")) > MAX_TRACESTATE_CHARS:
        del carrier["tracestate"]
    return _propagator.extract(carrier, context=Context())


def outgoing_headers(span: Span) -> list[tuple[bytes, bytes]]:
    """Return the W3C headers for a span's context as ASGI headers; none if the span has no trace."""
    if span.trace.id == _NO_TRACE:
        return []
    parent = f"00-{span.trace.id}-{span.id}-{span.trace.flags:02x}"
    headers = [(b"traceparent", parent.encode("ascii"))]
    if span.trace.state:
        headers.append((b"tracestate", span.trace.state.to_header().encode("ascii")))
    return headers


def _export(service: str, resource: Resource, local_file: Path) -> SpanExport:
    if not any(os.environ.get(f"OTEL_EXPORTER_OTLP_{kind}ENDPOINT") for kind in ("", "TRACES_")):
        return SpanFile(local_file, resource)
    variables = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    name, protocol = next(((name, os.environ[name]) for name in variables if os.environ.get(name)), ("", "grpc"))
    if protocol not in PROTOCOLS:
        raise ValueError(f"{name} is {protocol!r}: expected {' or '.join(PROTOCOLS)}")
    return OtlpExport(otlp_exporter(protocol), resource, service)
