"""Reads a request's body with limits on size and time."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request

from miniserve.errors import RequestRefused


async def read_body(request: Request, limit_bytes: int, limit_s: float, draining: Callable[[], bool]) -> bytes:
    """Return the whole body.

    Raises RequestRefused: 415 if it is compressed, 413 if it is too large, 408 if it is too slow, 503 if the server
    stops before it is complete, and 400 if the client disconnects before.
    """
    _check_announced(request, limit_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(limit_s):
            while True:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise _stopping() if draining() else _incomplete()
                body += message.get("body", b"")
                if len(body) > limit_bytes:
                    raise _too_large(limit_bytes)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise RequestRefused(HTTPStatus.REQUEST_TIMEOUT, f"the body is not complete after {limit_s:g} s") from None


def _check_announced(request: Request, limit_bytes: int) -> None:
    """Refuse by the headers alone, before a client that waits for 100-continue sends its body for nothing."""
    coding = request.headers.get("content-encoding", "identity")
    if coding.strip().lower() not in ("", "identity"):
        raise RequestRefused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Encoding is {coding[:40]!r}: expected an uncompressed body"
        )
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit_bytes:
        raise _too_large(limit_bytes)


def _too_large(limit_bytes: int) -> RequestRefused:
    return RequestRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is over {limit_bytes} bytes: expected less")


def _stopping() -> RequestRefused:
    return RequestRefused(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the server is stopping, and the body was not complete: try again",
        retry_after_s=1,
    )


def _incomplete() -> RequestRefused:
    return RequestRefused(HTTPStatus.BAD_REQUEST, "the client disconnected before its body was complete")
