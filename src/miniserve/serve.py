"""The use case: answer with the production arm, submit the shadow run, write one record per request. No HTTP types."""

import asyncio
import logging
import time
import uuid
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

import structlog
from msgspec.structs import replace
from structlog.contextvars import bind_contextvars

from minieval.record.record import ArmResult, TrafficRecord
from miniobserve.deferred import DeferredCalls
from miniobserve.logs.structured import moment
from miniobserve.metrics.metrics import Metrics
from miniobserve.traces.spans import Span
from miniserve.arms.arm import Answer
from miniserve.errors import ArmError, RequestRefused
from miniserve.log.ledger import Ledger
from miniserve.log.traffic_log import utc_now
from miniserve.routes.routes import Route
from miniserve.shadow.queue import Shadow
from miniserve.traffic import Assignment, assign, shadow_label


@dataclass(frozen=True)
class Prompt:
    """The text that the arms get, and the name of its field in the client's request."""

    text: str
    field: str


class Responder:
    """Answers prompts under a given route; every request that reaches an assignment gets one record."""

    def __init__(self, deadline_s: float, ledger: Ledger, metrics: Metrics, deferred: DeferredCalls) -> None:
        self._deadline_s = deadline_s
        self._ledger = ledger
        self._metrics = metrics
        self._deferred = deferred
        # Bound once, because an unbound logger binds itself again for every line.
        self._log = structlog.get_logger().bind()

    async def respond(self, prompt: Prompt, request_id: str, route: Route, handler_span: Span) -> Answer:
        """Answer with the production arm and submit the shadow.

        Raises RequestRefused when the prompt has more tokens than an arm takes, ArmError when the arm gives no answer.
        Nothing of the shadow is awaited or raised.
        """
        _check_length(prompt, route)
        with handler_span.child("traffic.assign", {}) as span:
            assignment = assign(request_id, route.config)
            span.attributes["traffic.strategy"] = str(assignment.strategy)
        bind_contextvars(**{"traffic.arm": assignment.production_arm})
        arm = route.arms[assignment.production_arm]
        record = _open_record(assignment, route, prompt.text, handler_span.trace.id)
        run = _start_run(assignment, route, assignment.production_arm, "production", handler_span)
        started = time.perf_counter_ns()
        # Goes into the record if anything but an ArmError is raised.
        result, status = (
            ArmResult("error", reason="unexpected error, see the server's log"),
            HTTPStatus.INTERNAL_SERVER_ERROR,
        )
        try:
            answer = await arm.infer(prompt.text, self._deadline_s)
            result = ArmResult("ok", answer.text, answer.edit_applied, _ms_since(started), answer.tokens)
            status = HTTPStatus.OK
        except ArmError as error:
            result = ArmResult(error.status, latency_ms=_ms_since(started), reason=error.reason)
            status = error.http_status
            raise
        except asyncio.CancelledError:
            result = ArmResult("cancelled", reason="the server stopped before the answer")
            status = HTTPStatus.SERVICE_UNAVAILABLE
            raise
        finally:
            # The record before the telemetry: if a span raised, the request would have no line.
            served = replace(record, http_status=int(status), results={assignment.production_arm: result})
            self._hand_over(served, assignment, route, handler_span)
            self._end_run(run, result)
        return answer

    def _hand_over(self, record: TrafficRecord, assignment: Assignment, route: Route, handler_span: Span) -> None:
        """Write the record now, or once the shadow has an outcome."""
        if assignment.shadow_arm is None or route.shadow is None:
            self._ledger.record(record)
            return
        # Journaled before it is submitted: an outcome may come at once, and settles the entry.
        self._ledger.promise(record, assignment.shadow_arm)
        run = _start_run(assignment, route, assignment.shadow_arm, "shadow", handler_span)
        # A copy, so that the log keys of the shadow run do not leak into the request's own lines.
        copy_context().run(self._submit, route.shadow, record, assignment.shadow_arm, run)

    def _submit(self, shadow: Shadow, record: TrafficRecord, arm: str, run: "_Run") -> None:
        bind_contextvars(**run.log_keys)
        shadow.submit(record.sentence, partial(self._shadow_ended, record, arm, run))

    def _shadow_ended(self, record: TrafficRecord, arm: str, run: "_Run", outcome: ArmResult) -> None:
        self._ledger.record(replace(record, results={**record.results, arm: outcome}))
        self._end_run(run, outcome, record.results[record.production_arm])

    def _count_pair(self, served: ArmResult, outcome: ArmResult, run: "_Run") -> None:
        self._metrics.shadow_outcomes.labels(outcome.status).inc()
        if outcome.queue_ms is not None:
            self._metrics.shadow_wait_seconds.observe(outcome.queue_ms / 1e3)
        if served.status == outcome.status == "ok":
            if served.response == outcome.response:
                self._metrics.shadow_agreement.labels("yes").inc()
            else:
                self._metrics.shadow_agreement.labels("no").inc(exemplar=run.span.exemplar)

    def _end_run(self, run: "_Run", result: ArmResult, served: ArmResult | None = None) -> None:
        """End a run's span and defer its metrics and log line; `served` is A's result if the run was a shadow's."""
        span = run.span
        span.attributes["traffic.status"] = result.status
        if result.queue_ms is not None:
            span.attributes["traffic.queue_ms"] = result.queue_ms
        if result.status != "ok":
            span.fail(result.reason)
            span.add_event(result.status, {"reason": result.reason or ""})
        span.end()
        # Deferred, because metrics and a log line would add to the latency of the answer.
        self._deferred.add(partial(self._report_run, run, result, served))

    def _report_run(self, run: "_Run", result: ArmResult, served: ArmResult | None) -> None:
        """Count a run that ended, and log its line."""
        metrics = self._metrics
        if served is not None:
            self._count_pair(served, result, run)
        metrics.arm_requests.labels(run.traffic_arm, result.status).inc()
        if result.status == "ok" and result.latency_ms is not None and result.tokens is not None:
            metrics.arm_seconds.labels(run.traffic_arm).observe(result.latency_ms / 1e3, exemplar=run.span.exemplar)
            metrics.tokens.labels("generated", run.traffic_arm).inc(result.tokens)
        self._log.log(
            _level(run, result),
            "arm answered" if result.status == "ok" else "arm gave no answer",
            **run.log_keys,
            timestamp=moment(run.span.ended_ns),
            status=result.status,
            latency_ms=result.latency_ms,
            queue_ms=result.queue_ms,
            reason=result.reason,
        )


@dataclass(frozen=True)
class _Run:
    """One arm's run on one request, while it is in progress."""

    span: Span
    role: str
    traffic_arm: str
    # The keys of every log line about this run.
    log_keys: dict[str, str]


def _start_run(assignment: Assignment, route: Route, arm: str, role: str, handler_span: Span) -> _Run:
    traffic_arm = arm if role == "production" else shadow_label(arm)
    span = handler_span.child(
        "arm.infer",
        {
            "traffic.arm": traffic_arm,
            "traffic.role": role,
            "traffic.salt": assignment.salt,
            "model.sha": route.config.arms[arm],
            "request.id": assignment.request_id,
        },
    )
    log_keys = {"traffic.arm": traffic_arm, "request_id": assignment.request_id, **span.ids}
    return _Run(span, role, traffic_arm, log_keys)


def _level(run: _Run, result: ArmResult) -> int:
    """Return the level of a run's log line.

    The request's own line covers the arm that served. The shadow has no other line than this one.
    """
    if result.status != "ok":
        return logging.WARNING
    return logging.DEBUG if run.role == "production" else logging.INFO


def _check_length(prompt: Prompt, route: Route) -> None:
    """Raise RequestRefused (422) when the prompt is too long for an arm that could be assigned.

    All serving arms are checked, so that the refusal does not depend on the arm that the id is assigned to.
    """
    for arm in route.arms.values():
        if excess := arm.excess_tokens(prompt.text):
            raise RequestRefused(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                f"{prompt.field} has {excess[0]} tokens: expected at most {excess[1]}",
                field=prompt.field,
            )


def _open_record(assignment: Assignment, route: Route, prompt: str, trace: str) -> TrafficRecord:
    config = route.config
    return TrafficRecord(
        record_id=uuid.uuid4().hex,
        ts=utc_now(),
        request_id=assignment.request_id,
        trace_id=trace,
        http_status=0,
        strategy=assignment.strategy.value,
        salt=assignment.salt,
        config_sha=config.config_sha,
        production_arm=assignment.production_arm,
        shadow_arm=assignment.shadow_arm,
        arm_shas=config.arms,
        traffic_arm=assignment.production_arm,
        sentence=prompt,
        results={},
    )


def _ms_since(started_ns: int) -> float:
    return (time.perf_counter_ns() - started_ns) / 1e6
