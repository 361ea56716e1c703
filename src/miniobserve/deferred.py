"""Defers logs and metrics until after the response, and runs them in batches.

Between two inferences the processor's caches hold none of this Python code: a call made there takes four times as long
as one made right after another.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context

import structlog

DELAY_S = 0.1
# The calls of some twenty requests. A request that arrives meanwhile waits half a millisecond for them.
BATCH = 64
_log = structlog.get_logger()


class DeferredCalls:
    """Runs calls in the order they were added: BATCH at a time, or DELAY_S after the first, or at once if `immediate`.

    A call that raises is logged and reported to `on_error`; the calls after it run all the same.
    """

    def __init__(self, on_error: Callable[[], None], *, immediate: bool = False) -> None:
        self._on_error = on_error
        self._immediate = immediate
        self._calls: deque[Callable[[], None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._empty_context = Context()

    def add(self, call: Callable[[], None]) -> None:
        """Add a call, which runs without any request's context variables. To be called on the event loop."""
        self._calls.append(call)
        if self._immediate:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY_S, self.flush)
        elif len(self._calls) == BATCH:
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Run all pending calls; no exception of theirs gets out. To be called on the event loop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._calls:
            call = self._calls.popleft()
            try:
                self._empty_context.run(call)
            except Exception as error:  # noqa: BLE001 - one broken call must not cost the others
                self._on_error()
                self._empty_context.run(_log.error, "deferred telemetry call failed", exc_info=error)
