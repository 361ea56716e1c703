"""The public port: HTTP in, HTTP out. Errors become statuses here and nowhere else.

Deciding, serving and logging are the tutor's; loading is the routes'.
"""

import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path_
from starlette.types import ExceptionHandler
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

from minicorpus.explanation.explain import explain
from miniobserve.later import Later
from miniobserve.logs.structured import moment
from miniobserve.metrics.metrics import Metrics
from miniobserve.traces.spans import Span, SpanSource
from miniobserve.traces.traces import incoming_context, outgoing_headers
from miniserve.errors import ArmError, RequestRefused
from miniserve.http.admission import Concurrency, RateLimit
from miniserve.http.body import read_body
from miniserve.http.keys import Keys
from miniserve.http.openapi import openapi
from miniserve.http.problem import problem_response
from miniserve.log.ledger import Ledger
from miniserve.routes.routes import Route, Routes
from miniserve.serve import Tutor
from miniserve.tasks import grammar as schemas
from miniserve.tasks.language import preferred

_encoder = msgspec.json.Encoder()
_log = structlog.get_logger()
_NO_FIT = {
    "en": "The model proposed a correction that fits nowhere in the sentence, so it is unchanged.",
    "es": "El modelo propuso una corrección que no encaja en la oración, así que queda como estaba.",
}
_LOADING = RequestRefused(
    HTTPStatus.SERVICE_UNAVAILABLE, "loading or draining: expected to be ready soon", retry_after_s=1
)

# Counted from 0 on: the first failure then is an increase, not the birth of a series.
_EXPECTED = (HTTPStatus.OK, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)


@dataclass(frozen=True)
class FrontDoor:
    """Everything that the public port hands a request to."""

    routes: Routes
    tutor: Tutor
    ledger: Ledger
    keys: Keys
    rate: RateLimit
    concurrency: Concurrency
    spans: SpanSource
    metrics: Metrics
    later: Later
    trust_traceparent: bool
    body_s: float


def create_app(door: FrontDoor) -> Starlette:
    """Return the ASGI application of the public port."""
    description = _encoder.encode(openapi(asks_for_keys=door.keys.asked))
    for status in _EXPECTED:
        door.metrics.requests.labels(schemas.CORRECT_PATH, "POST", str(int(status)))

    async def correct(request: Request) -> Response:
        return await _observed(door, request, _correct)

    async def healthz(_request: Request) -> Response:
        return Response(status_code=HTTPStatus.OK)

    async def readyz(_request: Request) -> Response:
        ready = door.routes.current is not None and not door.concurrency.saturated and door.ledger.flush()
        if not ready or door.routes.draining:
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"})
        return Response(status_code=HTTPStatus.OK)

    async def description_of(_request: Request) -> Response:
        return Response(description, media_type="application/json")

    handlers: dict[int | type[Exception], ExceptionHandler] = {
        RequestRefused: _on_error,
        ArmError: _on_error,
        HTTPException: _on_error,
        Exception: _on_error,
    }
    app = Starlette(
        routes=[
            Path_(schemas.CORRECT_PATH, correct, methods=["POST"]),
            Path_("/healthz", healthz),
            Path_("/readyz", readyz),
            Path_("/openapi.json", description_of),
        ],
        exception_handlers=handlers,
    )
    # A redirect would lead to whatever the client's Host header names.
    app.router.redirect_slashes = False
    return app


async def _observed(
    door: FrontDoor, request: Request, handle: Callable[[FrontDoor, Request, Span], Awaitable[Response]]
) -> Response:
    """Run a handler inside its server span; its response carries the span's context, refusals included."""
    started = time.perf_counter()
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    context = incoming_context(request.headers) if door.trust_traceparent else Context()
    echoed = schemas.echoed_request_id(request.headers.getlist("x-request-id"))
    with door.spans.start("http.handler", context, SpanKind.SERVER) as span:
        span.attributes |= {"http.request.method": request.method, "url.path": request.url.path}
        # On every line of this request, also where its failure is logged: a request has a task of its own.
        clear_contextvars()
        bind_contextvars(**span.ids, request_id=echoed, **{"traffic.arm": None})
        try:
            try:
                response = await handle(door, request, span)
            except (RequestRefused, ArmError) as error:
                response = problem_response(error, echoed)
            status = HTTPStatus(response.status_code)
        finally:
            _account(door, request.method, status, time.perf_counter() - started, span)
        response.raw_headers.extend(outgoing_headers(span))
    return response


def _account(door: FrontDoor, method: str, status: HTTPStatus, seconds: float, span: Span) -> None:
    """Say on the span how an answered request ended, and in a moment in the metrics and its one line at info."""
    span.attributes["http.response.status_code"] = int(status)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.fail()
    keys = {**get_contextvars(), "timestamp": moment(time.time_ns())}
    door.later.add(partial(_tell_request, door.metrics, method, status, seconds, span.exemplar, keys))


def _tell_request(
    metrics: Metrics,
    method: str,
    status: HTTPStatus,
    seconds: float,
    exemplar: dict[str, str] | None,
    keys: dict[str, Any],
) -> None:
    metrics.requests.labels(schemas.CORRECT_PATH, method, str(int(status))).inc()
    metrics.request_seconds.labels(schemas.CORRECT_PATH).observe(seconds, exemplar=exemplar)
    _log.log(
        logging.INFO if status < HTTPStatus.INTERNAL_SERVER_ERROR else logging.WARNING,
        "request",
        **keys,
        method=method,
        path=schemas.CORRECT_PATH,
        status=int(status),
        duration_ms=seconds * 1e3,
    )


async def _correct(door: FrontDoor, request: Request, span: Span) -> Response:
    caller = door.keys.caller(request.headers.get("authorization"), request.client.host if request.client else "")
    door.rate.take(caller)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RequestRefused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected Content-Type: application/json")
    body = await read_body(request, schemas.MAX_BODY_BYTES, door.body_s, lambda: door.routes.draining)
    asked = schemas.decode_request(body)
    request_id = schemas.checked_request_id(asked.request_id, request.headers.getlist("x-request-id"))
    sentence = schemas.checked_sentence(asked.sentence)
    # Made here, never derived from the input: two clients that send one sentence are two users.
    request_id = request_id or str(uuid.uuid4())
    span.attributes["request.id"] = request_id
    bind_contextvars(request_id=request_id)
    language = preferred(request.headers.get("accept-language"))
    try:
        with door.concurrency.place():
            reply = await door.tutor.correct(sentence, request_id, _ready(door), span)
    except (RequestRefused, ArmError) as error:
        return problem_response(error, request_id)
    replied = schemas.CorrectReply(
        request_id=request_id,
        correction=reply.correction,
        # An edit that fits nowhere leaves the sentence as it was, and says nothing good about it.
        was_correct=reply.edit_applied and reply.correction == sentence,
        explanation=explain(sentence, reply.correction, language) if reply.edit_applied else _NO_FIT[language],
    )
    return Response(
        _encoder.encode(replied),
        media_type="application/json",
        headers={"X-Request-Id": request_id, "Content-Language": language, "Vary": "Accept-Language"},
    )


def _ready(door: FrontDoor) -> Route:
    if door.routes.current is None or door.routes.draining:
        raise _LOADING
    return door.routes.current


async def _on_error(_request: Request, error: Exception) -> Response:
    return problem_response(error)
