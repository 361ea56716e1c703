"""The client's request id, from the body or X-Request-Id; it decides which arm a request is assigned to."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from miniserve.errors import RequestRefused

# Visible ASCII, because the id is repeated in a response header; long enough for any common kind of id.
REQUEST_ID_PATTERN = re.compile(r"[\x21-\x7e]{1,128}")
REQUEST_ID_SCHEMA: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 128,
    "pattern": f"^{REQUEST_ID_PATTERN.pattern}$",
}


def checked_request_id(in_body: str | None, in_headers: Sequence[str]) -> str | None:
    """Return the client's request id, if it sent one.

    Raises RequestRefused (422) if it sent different ids, or one that is not 1 to 128 printable ASCII characters
    without spaces.
    """
    if len({*in_headers}) > 1:
        raise _refused(f"has {len({*in_headers})} different values in X-Request-Id headers", "one header, or one value")
    sent = {*in_headers} | ({in_body} if in_body is not None else set())
    if len(sent) > 1:
        raise _refused("has different values in body and X-Request-Id", "the same id in both")
    request_id = next(iter(sent), None)
    if request_id is not None and not REQUEST_ID_PATTERN.fullmatch(request_id):
        raise _refused(_wrong_with_id(request_id), "1 to 128 characters of 0x21 to 0x7E")
    return request_id


def echoed_request_id(in_headers: Sequence[str]) -> str | None:
    """Return the id that a refusal repeats: the header's, if there is one header and its id is valid."""
    return in_headers[0] if len(in_headers) == 1 and REQUEST_ID_PATTERN.fullmatch(in_headers[0]) else None


def _wrong_with_id(request_id: str) -> str:
    outside = [(position, c) for position, c in enumerate(request_id) if not "\x21" <= c <= "\x7e"]
    if not outside:
        return f"has {len(request_id)} characters"
    return f"has U+{ord(outside[0][1]):04X} at position {outside[0][0]}"


def _refused(found: str, expected: str) -> RequestRefused:
    return RequestRefused(
        HTTPStatus.UNPROCESSABLE_ENTITY, f"request_id {found}: expected {expected}", field="request_id"
    )
