"""The public port's ASGI application: routing, admission, the server span, and the request's metrics and log line.

tasks/ checks bodies and builds replies, serve.py assigns, serves and records, problem.py turns errors into responses.
"""

import logging
import time
import uuid
from collections.abc import Sequence
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

from miniobserve.deferred import DeferredCalls
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
from miniserve.serve import Responder
from miniserve.tasks.request_id import checked_request_id, echoed_request_id
from miniserve.tasks.task import Task

_encoder = msgspec.json.Encoder()
_log = structlog.get_logger()
# Their series start at 0, because Prometheus does not see an increase when the first failure creates the series.
_EXPECTED = (HTTPStatus.OK, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)


@dataclass(frozen=True)
class FrontDoor:
    """Everything that the public port needs to handle a request."""

    tasks: Sequence[Task]
    routes: Routes
    responder: Responder
    ledger: Ledger
    keys: Keys
    rate: RateLimit
    concurrency: Concurrency
    spans: SpanSource
    metrics: Metrics
    deferred: DeferredCalls
    trust_traceparent: bool
    body_s: float


def create_app(door: FrontDoor) -> Starlette:
    """Return the ASGI application of the public port."""
    description = _encoder.encode(openapi(door.tasks, asks_for_keys=door.keys.asked))
    for task in door.tasks:
        for status in _EXPECTED:
            door.metrics.requests.labels(task.path, "POST", str(int(status)))

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
            *(Path_(task.path, partial(_serve_task, door, task), methods=["POST"]) for task in door.tasks),
            Path_("/healthz", healthz),
            Path_("/readyz", readyz),
            Path_("/openapi.json", description_of),
        ],
        exception_handlers=handlers,
    )
    # A redirect would point to whatever host the client's Host header names.
    app.router.redirect_slashes = False
    return app


async def _serve_task(door: FrontDoor, task: Task, request: Request) -> Response:
    """Answer a request inside its server span; the response carries the span's context, refusals included."""
    started = time.perf_counter()
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    context = incoming_context(request.headers) if door.trust_traceparent else Context()
    echoed = echoed_request_id(request.headers.getlist("x-request-id"))
    with door.spans.start("http.handler", context, SpanKind.SERVER) as span:
        span.attributes |= {"http.request.method": request.method, "url.path": request.url.path}
        # Bound for every log line of this request. Each request has its own task, but it starts with a copy of the
        # connection's context, so clear that first.
        clear_contextvars()
        bind_contextvars(**span.ids, request_id=echoed, **{"traffic.arm": None})
        try:
            try:
                response = await _answer(door, task, request, span)
            except (RequestRefused, ArmError) as error:
                response = problem_response(error, echoed)
            status = HTTPStatus(response.status_code)
        finally:
            _account(door, task.path, request.method, status, time.perf_counter() - started, span)
        response.raw_headers.extend(outgoing_headers(span))
    return response


def _account(door: FrontDoor, path: str, method: str, status: HTTPStatus, seconds: float, span: Span) -> None:
    """Set the span's status, and defer the request's metrics and its log line."""
    span.attributes["http.response.status_code"] = int(status)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.fail()
    keys = {**get_contextvars(), "timestamp": moment(time.time_ns())}
    door.deferred.add(partial(_report_request, door.metrics, path, method, status, seconds, span.exemplar, keys))


def _report_request(
    metrics: Metrics,
    path: str,
    method: str,
    status: HTTPStatus,
    seconds: float,
    exemplar: dict[str, str] | None,
    keys: dict[str, Any],
) -> None:
    metrics.requests.labels(path, method, str(int(status))).inc()
    metrics.request_seconds.labels(path).observe(seconds, exemplar=exemplar)
    _log.log(
        logging.INFO if status < HTTPStatus.INTERNAL_SERVER_ERROR else logging.WARNING,
        "request",
        **keys,
        method=method,
        path=path,
        status=int(status),
        duration_ms=seconds * 1e3,
    )


async def _answer(door: FrontDoor, task: Task, request: Request, span: Span) -> Response:
    # The cheap checks first: a refused caller must not be able to make the server read a body.
    caller = door.keys.caller(request.headers.get("authorization"), request.client.host if request.client else "")
    door.rate.take(caller)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RequestRefused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected Content-Type: application/json")
    body = await read_body(request, task.max_body_bytes, door.body_s, lambda: door.routes.draining)
    asked = task.read(body, request.headers)
    request_id = checked_request_id(asked.request_id, request.headers.getlist("x-request-id"))
    # Random, not derived from the input: two clients that send the same prompt are two users.
    request_id = request_id or str(uuid.uuid4())
    span.attributes["request.id"] = request_id
    bind_contextvars(request_id=request_id)
    # A place only from here on, when the body is complete, so that slow uploads take none.
    try:
        with door.concurrency.place():
            answer = await door.responder.respond(asked.prompt, request_id, _ready(door), span)
    except (RequestRefused, ArmError) as error:
        return problem_response(error, request_id)
    reply = asked.reply(answer, request_id)
    return Response(reply.body, media_type="application/json", headers={"X-Request-Id": request_id, **reply.headers})


def _ready(door: FrontDoor) -> Route:
    if door.routes.current is None or door.routes.draining:
        # A new exception each time: a shared one would collect a traceback, and its frames, with every raise.
        raise RequestRefused(
            HTTPStatus.SERVICE_UNAVAILABLE, "loading or draining: expected to be ready soon", retry_after_s=1
        )
    return door.routes.current


async def _on_error(_request: Request, error: Exception) -> Response:
    return problem_response(error)
