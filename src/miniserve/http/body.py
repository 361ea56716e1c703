"""Reads a request's body, bounded in bytes and in time."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request

from miniserve.errors import RequestRefused


async def read_body(request: Request, limit_bytes: int, limit_s: float, draining: Callable[[], bool]) -> bytes:
    """Return the whole body.

    Raises RequestRefused: 415 when it is compressed, 413 when it is too large, 408 when it is too slow, 503 when the
    server stops before it is complete, and 400 when the client does.
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
    """Refuse what the headers already show, before a client that asks first (100-continue) sends it in vain."""
    coding = request.headers.get("content-encoding", "identity")
    if coding.strip().lower() not in ("", "identity"):
        raise RequestRefused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Encoding is {coding[:40]!r}: expected a body without one"
        )
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit_bytes:
        raise _too_large(limit_bytes)


def _too_large(limit_bytes: int) -> RequestRefused:
    return RequestRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is over {limit_bytes} bytes: expected less")


def _stopping() -> RequestRefused:
    return RequestRefused(
        HTTPStatus.SERVICE_UNAVAILABLE, "the server stops, and the body was not complete: try again", retry_after_s=1
    )


def _incomplete() -> RequestRefused:
    return RequestRefused(HTTPStatus.BAD_REQUEST, "the client left before its body was complete")
