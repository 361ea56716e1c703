"""The spans of a request, at a microsecond or two each; sampling and ids are those of OpenTelemetry's SDK.

The SDK's own span locks, copies and checks each attribute, and asks its sampler again for every child: with its batch
processor that was 170 us of a request. These trust their attributes, which only our own code names, and sample a trace
once, at its root, as every standard sampler does.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from time import time_ns
from types import TracebackType
from typing import NamedTuple, Self

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags, get_current_span
from opentelemetry.trace.span import TraceState

Attributes = dict[str, str | int | float]


class Trace(NamedTuple):
    """What the spans of a request share: an id of 32 hexadecimal digits, the flags and the state of W3C's headers."""

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
    """A span under way and what is known of it; of one thread at a time, and left as it is once it has ended.

    Ids have 16 hexadecimal digits, moments are nanoseconds since 1970.
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
        """Start a span below this one, which it may outlive; it takes the attributes over."""
        source = self.source
        span_id = source.id_below(self.id)
        return Span(source, name, SpanKind.INTERNAL, self.trace, span_id, self.id, False, attributes, time_ns())

    @property
    def ids(self) -> dict[str, str]:
        """The ids of the trace and of the span, as logs and exemplars name them."""
        return {"trace_id": self.trace.id, "span_id": self.id}

    @property
    def exemplar(self) -> dict[str, str] | None:
        """The labels by which a metric points at the span, or None where sampling left it out."""
        return self.ids if self.trace.exported else None

    def add_event(self, name: str, attributes: Attributes) -> None:
        """Note what happens at this moment."""
        told = {key: _encodable(value) if isinstance(value, str) else value for key, value in attributes.items()}
        self.events = (*self.events, Event(name, time_ns(), told))

    def fail(self, reason: str | None = None) -> None:
        """Give the span the status ERROR."""
        self.failed, self.reason = True, reason and _encodable(reason)

    def end(self) -> None:
        """End the span and hand it over for export; called once."""
        self.ended_ns = time_ns()
        if self.trace.exported:
            self.source.export(self)

    def __enter__(self) -> Self:
        """Return the span, which ends with the block."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End the span; an exception fails it, and stands on it as OpenTelemetry's conventions have it."""
        if isinstance(error, Exception):
            module, name = type(error).__module__, type(error).__qualname__
            told: Attributes = {
                "exception.type": name if module == "builtins" else f"{module}.{name}",
                "exception.message": str(error),
                "exception.stacktrace": "".join(traceback.format_exception(error)),
            }
            self.add_event("exception", told)
            self.fail(f"{type(error).__name__}: {error}")
        self.end()


class SpanSource:
    """Starts traces as an SDK's tracer would; without one (OTEL_SDK_DISABLED) it only hands contexts through."""

    def __init__(self, tracer: Tracer | None, export: Callable[[Span], None]) -> None:
        self._tracer = tracer
        self.export = export

    def start(self, name: str, incoming: Context, kind: SpanKind) -> Span:
        """Start a request's first span, below the one that the incoming context names, if it names any."""
        above = get_current_span(incoming).get_span_context()
        parent_id = f"{above.span_id:016x}" if above.is_valid else None
        if self._tracer is None:
            trace = Trace(f"{above.trace_id:032x}", above.trace_flags, above.trace_state, exported=False)
            return Span(self, name, kind, trace, f"{above.span_id:016x}", None, False, {}, time_ns())
        trace = _sampled(self._tracer, name, incoming, above, kind)
        return Span(self, name, kind, trace, self.id_below(""), parent_id, above.is_remote, {}, time_ns())

    def id_below(self, above: str) -> str:
        """Return the id of one more span below the one with that id."""
        return above if self._tracer is None else f"{self._tracer.id_generator.generate_span_id():016x}"


def _sampled(tracer: Tracer, name: str, incoming: Context, above: SpanContext, kind: SpanKind) -> Trace:
    """Return the trace that a root span continues or begins, with the sampler's decision."""
    if above.is_valid:
        trace_id, random = above.trace_id, above.trace_flags.random_trace_id
    else:
        trace_id, random = tracer.id_generator.generate_trace_id(), tracer.id_generator.is_trace_id_random()
    sampling = tracer.sampler.should_sample(incoming, trace_id, name, kind)
    sampled = bool(sampling.decision.is_sampled())  # type: ignore[no-untyped-call]  # the library leaves it untyped
    flags = TraceFlags(TraceFlags.SAMPLED * sampled | TraceFlags.RANDOM_TRACE_ID * random)
    return Trace(f"{trace_id:032x}", flags, sampling.trace_state, exported=sampled)


def _encodable(text: str) -> str:
    """Return the text as UTF-8 can carry it: what an exception says may hold anything, and no exporter takes that."""
    return text.encode("utf-8", "backslashreplace").decode()
