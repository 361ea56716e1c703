"""The spans of a request, at a microsecond or two each. Samplers and id generators are those of OpenTelemetry's SDK.

The SDK's own span locks, copies and checks each attribute, and calls its sampler again for every child; docs/log.md has
the measurements. These spans bound their attributes once, when they end, and sample a trace once, at its root, as
every standard sampler does.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from time import time_ns
from types import TracebackType
from typing import NamedTuple, Self

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags, get_current_span
from opentelemetry.trace.span import TraceState

from miniobserve.bounds import bounded_number, bounded_text, fits

Attributes = dict[str, str | int | float]


class Trace(NamedTuple):
    """What the spans of a request share: the trace id (32 hexadecimal digits), W3C's trace flags and tracestate."""

    id: str
    flags: TraceFlags
    state: TraceState | None
    exported: bool


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at one moment of a span, in nanoseconds since 1970."""

    name: str
    ns: int
    attributes: Attributes


@dataclass(slots=True)
class Span:
    """One span, from its start to its export. Not thread-safe, and not to be changed after `end`.

    Ids have 16 hexadecimal digits, times are nanoseconds since 1970.
    """

    source: "SpanSource"
    name: str
    kind: SpanKind
    trace: Trace
    id: str
    parent_id: str | None
    parent_is_remote: bool
    attributes: Attributes
    started_ns: int
    ended_ns: int = 0
    failed: bool = False
    reason: str | None = None
    events: tuple[Event, ...] = ()

    def child(self, name: str, attributes: Attributes) -> "Span":
        """Start a child of this span, which it may outlive; the child owns the attributes."""
        source = self.source
        span_id = source.new_id(self.id)
        return Span(source, name, SpanKind.INTERNAL, self.trace, span_id, self.id, False, attributes, time_ns())

    @property
    def ids(self) -> dict[str, str]:
        """The ids of the trace and of the span, by the keys that log lines and exemplars use."""
        return {"trace_id": self.trace.id, "span_id": self.id}

    @property
    def exemplar(self) -> dict[str, str] | None:
        """The exemplar that links a metric to this span, or None if the trace is not sampled."""
        return self.ids if self.trace.exported else None

    def add_event(self, name: str, attributes: Attributes) -> None:
        """Add an event with the current time."""
        self.events = (*self.events, Event(name, time_ns(), _bounded(attributes)))

    def fail(self, reason: str | None = None) -> None:
        """Give the span the status ERROR."""
        self.failed, self.reason = True, reason and bounded_text(reason)

    def end(self) -> None:
        """End the span and hand it over for export. To be called once."""
        self.ended_ns = time_ns()
        if self.trace.exported:
            self.attributes = _bounded(self.attributes)
            self.source.export(self)

    def __enter__(self) -> Self:
        """Return the span, which ends with the `with` block."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End the span; an exception fails it and is recorded as an event, by OpenTelemetry's conventions."""
        if isinstance(error, Exception):
            module, name = type(error).__module__, type(error).__qualname__
            details: Attributes = {
                "exception.type": name if module == "builtins" else f"{module}.{name}",
                "exception.message": str(error),
                "exception.stacktrace": "".join(traceback.format_exception(error)),
            }
            self.add_event("exception", details)
            self.fail(f"{type(error).__name__}: {error}")
        self.end()


class SpanSource:
    """Starts traces as the SDK's tracer would. Without a sampler (OTEL_SDK_DISABLED) it only passes contexts on."""

    def __init__(self, sampler: Sampler | None, ids: IdGenerator, export: Callable[[Span], None]) -> None:
        self._sampler = sampler
        self._ids = ids
        self.export = export

    def start(self, name: str, incoming: Context, kind: SpanKind) -> Span:
        """Start a request's root span, as a child of the incoming context's span if that has one."""
        above = get_current_span(incoming).get_span_context()
        parent_id = f"{above.span_id:016x}" if above.is_valid else None
        if self._sampler is None:
            trace = Trace(f"{above.trace_id:032x}", above.trace_flags, above.trace_state, exported=False)
            return Span(self, name, kind, trace, f"{above.span_id:016x}", None, False, {}, time_ns())
        trace = _sample(self._sampler, self._ids, name, incoming, above, kind)
        return Span(self, name, kind, trace, self.new_id(""), parent_id, above.is_remote, {}, time_ns())

    def new_id(self, parent_id: str) -> str:
        """Return the id for a child of the span with that id: a new one, or the parent's where nothing is recorded."""
        return parent_id if self._sampler is None else f"{self._ids.generate_span_id():016x}"


def _sample(
    sampler: Sampler, ids: IdGenerator, name: str, incoming: Context, above: SpanContext, kind: SpanKind
) -> Trace:
    """Return the trace that a root span continues or starts, with the sampler's decision."""
    if above.is_valid:
        trace_id, random = above.trace_id, above.trace_flags.random_trace_id
    else:
        trace_id, random = ids.generate_trace_id(), ids.is_trace_id_random()
    sampling = sampler.should_sample(incoming, trace_id, name, kind)
    sampled = bool(sampling.decision.is_sampled())  # type: ignore[no-untyped-call]  # the library leaves it untyped
    flags = TraceFlags(TraceFlags.SAMPLED * sampled | TraceFlags.RANDOM_TRACE_ID * random)
    return Trace(f"{trace_id:032x}", flags, sampling.trace_state, exported=sampled)


def _bounded(attributes: Attributes) -> Attributes:
    """Return the attributes as every exporter takes them: an exporter that raises loses its whole batch."""
    if all(map(fits, attributes.values())):
        return attributes
    return {
        key: bounded_text(value) if isinstance(value, str) else bounded_number(value)
        for key, value in attributes.items()
    }
