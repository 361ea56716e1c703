"""OpenTelemetry traces: W3C context in and out, spans to OTLP where configured, else to a bounded local JSONL file."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Tracer, TracerProvider
from opentelemetry.trace import INVALID_TRACE_ID
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from miniobserve.traces.otlp import PROTOCOLS, OtlpExport, otlp_exporter
from miniobserve.traces.spanfile import SpanFile
from miniobserve.traces.spanqueue import SpanExport, SpanQueue
from miniobserve.traces.spans import Span, SpanSource

MAX_TRACESTATE_CHARS = 512
_NO_TRACE = f"{INVALID_TRACE_ID:032x}"
_propagator = TraceContextTextMapPropagator()


class Traces:
    """The traces of a service, by OpenTelemetry's variables.

    Spans go to OTLP if OTEL_EXPORTER_OTLP_(TRACES_)ENDPOINT is set, by OTEL_EXPORTER_OTLP_PROTOCOL grpc (the default)
    or http/protobuf, else to the local file. OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME, OTEL_SDK_DISABLED and the
    OTEL_BSP variables work as specified. `on_dropped` is told, on any thread, how many spans were lost. Raises
    ValueError when one of the variables is unusable.
    """

    def __init__(self, service: str, local_file: Path, on_dropped: Callable[[int], None]) -> None:
        named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
        resource = Resource.create({} if named else {"service.name": service})
        # It reads the sampling from the environment; a disabled SDK's tracer is none of its own.
        tracer = TracerProvider(resource=resource, shutdown_on_exit=False).get_tracer(service)
        self._queue = SpanQueue(_export(service, resource, local_file), on_dropped)
        self.source = SpanSource(tracer if isinstance(tracer, Tracer) else None, self._queue.put)

    def close(self) -> None:
        """Export what waits, for a few seconds at most."""
        self._queue.close()


def incoming_context(headers: Mapping[str, str]) -> Context:
    """Return the context that a client's `traceparent` and `tracestate` name, or an empty one.

    A tracestate beyond what W3C asks everybody to carry (512 characters) is dropped: it would stand on every span.
    """
    carrier = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
    if len(carrier.get("tracestate", "")) > MAX_TRACESTATE_CHARS:
        del carrier["tracestate"]
    return _propagator.extract(carrier, context=Context())


def outgoing_headers(span: Span) -> list[tuple[bytes, bytes]]:
    """Return the W3C headers that carry a span's context, as ASGI has them; none where it has none."""
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
