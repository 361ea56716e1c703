"""Bounds for values on their way into logs, metrics and spans. Pure.

Models, clients and exceptions may hand over anything: an integer of 400 digits, an infinity, a lone surrogate, 10 MB of
text. Counters, JSON and protobuf raise on some of these and keep others for ever, so each is bounded before it gets
there. Nothing here raises.
"""

from typing import Final

# A traceback of some 80 frames fits; a log line or a span stays a line that people and collectors accept.
MAX_TEXT_CHARS: Final = 8_192
# The end is kept too: it is where a traceback names the exception.
_TAIL_CHARS: Final = 2_048
# OTLP and most JSON readers have signed 64-bit integers.
_MAX_INT: Final = 2**63 - 1
_MAX_DEPTH: Final = 8
_ALWAYS_FIT: Final = frozenset({float, bool, type(None)})


def fits(value: object) -> bool:
    """Return whether the value needs no bounding: a quick test, which nearly every value of a request passes."""
    kind = type(value)
    if kind is str:
        text: str = value  # type: ignore[assignment]  # mypy does not narrow by `type(...) is`
        return len(text) <= MAX_TEXT_CHARS and text.isascii()
    return kind in _ALWAYS_FIT or (kind is int and -_MAX_INT <= value <= _MAX_INT)  # type: ignore[operator]  # as above


def bounded_text(text: str) -> str:
    r"""Return the text without its middle if it is too long, and with `\udcff` for what UTF-8 cannot encode."""
    if len(text) > MAX_TEXT_CHARS:
        left_out = len(text) - MAX_TEXT_CHARS
        head, tail = text[: MAX_TEXT_CHARS - _TAIL_CHARS], text[-_TAIL_CHARS:]
        text = f"{head} ... {left_out} characters left out ... {tail}"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def bounded_number(number: int | float) -> int | float | str:
    """Return the number, or a description of an integer that does not fit into 64 bits.

    Infinities and NaN stay as they are: OTLP has them, and JSON encoders write null.
    """
    if isinstance(number, int) and not -_MAX_INT <= number <= _MAX_INT:
        return f"an integer of {number.bit_length()} bits"
    return number


def bounded_value(value: object, depth: int = 0) -> object:
    """Return a value that JSON can hold: containers bounded item by item, other objects as their bounded `repr`."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return bounded_text(value)
    if isinstance(value, int | float):
        return bounded_number(value)
    if isinstance(value, dict) and depth < _MAX_DEPTH:
        return {bounded_text(_repr_of(key)): bounded_value(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple) and depth < _MAX_DEPTH:
        return [bounded_value(item, depth + 1) for item in value]
    return bounded_text(_repr_of(value))


def _repr_of(value: object) -> str:
    """Return a string as it is, another object as its `repr`, which may raise (so may that of a very long integer)."""
    if isinstance(value, str):
        return value
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - `repr` is anybody's code
        return f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"
