"""How a shadow run ended, as an ArmResult for the traffic record. Pure."""

from minieval.record.line import checked_result
from minieval.record.record import ArmResult
from miniserve.arms.arm import Answer
from miniserve.errors import ArmError

CANCELLED = ArmResult("cancelled", reason="the shadow was switched off or the server stopped")


def queue_full(waiting: int) -> ArmResult:
    """Return the outcome of a run that the full queue did not accept."""
    return ArmResult("dropped", reason=f"queue full: {waiting} shadows")


def answered(answer: Answer, elapsed_ms: float, queue_ms: float) -> ArmResult:
    """Return the outcome of an answer; `elapsed_ms` is its latency if the arm did not measure its own."""
    result = ArmResult(
        "ok",
        response=answer.text,
        edit_applied=answer.edit_applied,
        latency_ms=elapsed_ms if answer.service_ms is None else answer.service_ms,
        tokens=answer.tokens,
        queue_ms=queue_ms,
        cpu_ms=answer.cpu_ms,
    )
    return checked_result(result)


def failed(error: Exception, queue_ms: float) -> ArmResult:
    """Return the outcome of a run that raised: the status of an ArmError, `error` for any other exception."""
    if isinstance(error, ArmError):
        return checked_result(
            ArmResult(
                error.status, latency_ms=error.service_ms, queue_ms=queue_ms, cpu_ms=error.cpu_ms, reason=error.reason
            )
        )
    return checked_result(ArmResult("error", queue_ms=queue_ms, reason=f"{type(error).__name__}: {error}"))
