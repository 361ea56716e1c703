"""Structured logs: one JSON object per line on stderr, readable text on a terminal."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from miniobserve.bounds import bounded_value, fits
from miniobserve.logs.stderr import LineWriter


def configure(level: str, writer: LineWriter) -> None:
    """Set up structlog and route the standard library's loggers through it; `level` is a level of `logging`."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _add_timestamp,
    ]
    rendering = _text_renderers() if writer.isatty() else _json_renderers()
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(writer),  # type: ignore[arg-type]  # it writes and flushes, no more
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(writer)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def moment(ns: int) -> datetime:
    """Return nanoseconds since 1970 as the `timestamp` of a log line that is written later."""
    return datetime.fromtimestamp(ns / 1e9, UTC)


def _add_timestamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # A datetime: msgspec writes it in RFC 3339 format in a quarter of the time of structlog's TimeStamper.
    if "timestamp" not in event:
        event["timestamp"] = datetime.now(UTC)
    return event


def _json_renderers() -> list[Processor]:
    return [structlog.processors.format_exc_info, _bounded, structlog.processors.JSONRenderer(serializer=_json)]


def _json(event: EventDict, default: Callable[[object], object]) -> str:
    return msgspec.json.encode(event, enc_hook=default).decode()


def _bounded(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Make every value one that the renderers can write: a line that raises is a line lost."""
    for key, value in event.items():
        if not fits(value) and not isinstance(value, datetime):
            event[key] = bounded_value(value)
    return event


def _text_renderers() -> list[Processor]:
    renderer = structlog.dev.ConsoleRenderer(
        # repr escapes control characters, which a model's text in `reason` may contain
        repr_native_str=True,
        exception_formatter=structlog.dev.plain_traceback,
    )
    return [
        structlog.processors.format_exc_info,
        _bounded,
        _format_timestamp,
        _drop_empty,
        _escape_control_characters,
        renderer,
    ]


def _format_timestamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Format the timestamp, which the JSON encoder does by itself."""
    event["timestamp"] = event["timestamp"].isoformat().replace("+00:00", "Z")
    return event


def _drop_empty(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Leave out keys without a value: programs rely on them, people do not."""
    return {key: value for key, value in event.items() if value is not None}


def _escape_control_characters(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Escape control characters in the two texts that the renderer does not pass through `repr`."""
    for key in event.keys() & {"event", "exception"}:
        event[key] = "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in str(event[key]))
    return event
