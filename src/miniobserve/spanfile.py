"""Spans as JSON lines in a bounded local file: what a run without a collector leaves to read."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, format_span_id, format_trace_id

MAX_FILE_BYTES = 32 * 2**20
_encoder = msgspec.json.Encoder()


class JsonlSpanExporter(SpanExporter):
    """Writes each span as one JSON line; at MAX_FILE_BYTES the file becomes `.1` and a fresh one begins."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append the spans; tells by its result, and raises nothing, when they cannot be written."""
        lines = b"".join(span_line(span) for span in spans)
        try:
            if self._path.exists() and self._path.stat().st_size + len(lines) > MAX_FILE_BYTES:
                self._path.replace(self._path.with_name(self._path.name + ".1"))
            with open(self._path, "ab", opener=_private) as file:
                file.write(lines)
        except OSError:
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing is kept open."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is buffered here; the batch processor flushes."""
        return True


def span_line(span: ReadableSpan) -> bytes:
    """Return a span as the SDK's `to_json` has it, on one line, in less than half of the time."""
    status = {"status_code": span.status.status_code.name}
    if span.status.description:
        status["description"] = span.status.description
    whole: dict[str, object] = {
        "name": span.name,
        "context": _context(span.context) if span.context else None,
        "kind": str(span.kind),
        "parent_id": f"0x{format_span_id(span.parent.span_id)}" if span.parent else None,
        "start_time": _moment(span.start_time),
        "end_time": _moment(span.end_time),
        "status": status,
        "attributes": dict(span.attributes or {}),
        "events": [
            {"name": event.name, "timestamp": _moment(event.timestamp), "attributes": dict(event.attributes or {})}
            for event in span.events
        ],
        "links": [
            {"context": _context(link.context), "attributes": dict(link.attributes or {})} for link in span.links
        ],
        "resource": {"attributes": dict(span.resource.attributes), "schema_url": span.resource.schema_url},
    }
    return _encoder.encode(whole) + b"\n"


def _context(context: SpanContext) -> dict[str, str]:
    return {
        "trace_id": f"0x{format_trace_id(context.trace_id)}",
        "span_id": f"0x{format_span_id(context.span_id)}",
        "trace_state": repr(context.trace_state),
    }


def _moment(ns: int | None) -> str | None:
    if not ns:
        return None
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
