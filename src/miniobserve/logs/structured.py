"""Structured logs: one JSON object a line on stderr, readable text on a terminal."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from miniobserve.logs.stderr import LineWriter


def configure(level: str, writer: LineWriter) -> None:
    """Set up structlog and route the standard library's loggers through it; `level` as in `logging`."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _add_timestamp,
    ]
    rendering = _for_people() if writer.isatty() else _for_machines()
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
    """Return nanoseconds since 1970 as the `timestamp` of a line that is logged later."""
    return datetime.fromtimestamp(ns / 1e9, UTC)


def _add_timestamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # As it is: the encoder writes it by RFC 3339, in a quarter of the time of structlog's TimeStamper.
    if "timestamp" not in event:
        event["timestamp"] = datetime.now(UTC)
    return event


def _for_machines() -> list[Processor]:
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_json)]


def _json(event: EventDict, default: Callable[[object], object]) -> str:
    try:
        return msgspec.json.encode(event, enc_hook=default).decode()
    except UnicodeEncodeError:  # a lone surrogate, which an exception's words may hold, and which this one escapes
        return json.dumps(event, default=str)


def _for_people() -> list[Processor]:
    renderer = structlog.dev.ConsoleRenderer(
        # repr shows control characters instead of obeying them: a reason may hold what a model wrote
        repr_native_str=True,
        exception_formatter=structlog.dev.plain_traceback,
    )
    return [structlog.processors.format_exc_info, _in_words, _without_nothing, _harmless, renderer]


def _in_words(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Write the moment out, which only an encoder of JSON does by itself."""
    event["timestamp"] = event["timestamp"].isoformat().replace("+00:00", "Z")
    return event


def _without_nothing(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Leave out keys that have no value: a parser counts on them, a reader does not."""
    return {key: value for key, value in event.items() if value is not None}


def _harmless(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Escape control characters in the two texts that the renderer shows as they are."""
    for key in event.keys() & {"event", "exception"}:
        event[key] = "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in str(event[key]))
    return event
