"""Spans as JSON lines in a bounded local file: what a run without a collector leaves to read."""

import os
from collections.abc import Sequence
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

MAX_FILE_BYTES = 32 * 2**20


class JsonlSpanExporter(SpanExporter):
    """Writes each span as one JSON line; at MAX_FILE_BYTES the file becomes `.1` and a fresh one begins."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append the spans; tells by its result, and raises nothing, when they cannot be written."""
        lines = "".join(span.to_json(indent=None) + "\n" for span in spans)
        try:
            if self._path.exists() and self._path.stat().st_size + len(lines) > MAX_FILE_BYTES:
                self._path.replace(self._path.with_name(self._path.name + ".1"))
            with open(self._path, "a", encoding="utf-8", opener=_private) as file:
                file.write(lines)
        except OSError:
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing is kept open."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is buffered here; the batch processor flushes."""
        return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
