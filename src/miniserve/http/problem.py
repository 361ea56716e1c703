"""Problem details (RFC 9457): the only place that turns errors into HTTP responses."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

from miniserve.errors import ArmError, RequestRefused

MEDIA_TYPE = "application/problem+json"
_encoder = msgspec.json.Encoder()


class Problem(msgspec.Struct, omit_defaults=True):
    """Problem details, RFC 9457; where `type` is about:blank, `title` is the status's own phrase."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    request_id: str | None = None


def problem_response(error: Exception, request_id: str | None = None) -> Response:
    """Return the response to an error."""
    headers: dict[str, str] = {"X-Request-Id": request_id} if request_id else {}
    field = None
    match error:
        case RequestRefused():
            status, detail, field = error.status, error.detail, error.field
            if error.retry_after_s is not None:
                headers["Retry-After"] = str(error.retry_after_s)
            if status == HTTPStatus.UNAUTHORIZED:
                headers["WWW-Authenticate"] = "Bearer"
        case ArmError():
            # The arm's error text goes into the log only.
            status, detail = error.http_status, "the model gave no answer"
        case HTTPException():
            status, detail = HTTPStatus(error.status_code), error.detail
            headers |= dict(error.headers or {})
        case _:
            status, detail = HTTPStatus.INTERNAL_SERVER_ERROR, "an internal error, see the server's log"
    return Response(_body(status, detail, field, request_id), status, headers, MEDIA_TYPE)


def raw_problem(status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> bytes:
    """Return a complete response, after which the connection closes, for errors without a parsed request."""
    body = _body(status, detail)
    lines = [f"HTTP/1.1 {int(status)} {status.phrase}", f"Content-Type: {MEDIA_TYPE}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("ascii") + body


def _body(status: HTTPStatus, detail: str, field: str | None = None, request_id: str | None = None) -> bytes:
    return _encoder.encode(Problem("about:blank", status.phrase, int(status), detail, field, request_id))
