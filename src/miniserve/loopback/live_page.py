"""The live page on the loopback port: one page, its style and script, and a stream of server-sent events.

Nothing is read or counted while nobody watches: each look reads on in traffic.log from where the last one stopped.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from minieval.report.assets import asset as judges_asset
from miniserve.log.tail import LogTail
from miniserve.loopback.assets import asset
from miniserve.loopback.live import Live

INTERVAL_S: Final = 1.0
MOST_WATCHERS: Final = 8
_HEADERS: Final = {
    # Nothing inline, nothing from elsewhere: what models and users wrote stays text.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Describe = Callable[[], Awaitable[Mapping[str, object]]]
_encoder = msgspec.json.Encoder()


class LiveFeed:
    """What watchers see: the server's own description, and the figures folded from the log's end."""

    def __init__(self, log: Path | None, describe: Describe) -> None:
        self._tail = LogTail(log)
        self._describe = describe
        self._live = Live()
        self._reading = asyncio.Lock()
        self._closed = asyncio.Event()
        self._watchers = 0
        self._unreadable_reason: str | None = None

    def close(self) -> None:
        """End every stream, so that the port can close."""
        self._closed.set()

    @property
    def full(self) -> bool:
        """Whether another watcher would be one too many."""
        return self._watchers >= MOST_WATCHERS

    async def events(self) -> AsyncIterator[bytes]:
        """Yield server-sent events until the watcher leaves or the server stops: figures each second, and new pairs."""
        self._watchers += 1
        seen = 0
        try:
            while not self._closed.is_set():
                await self._catch_up()
                yield _event("figures", await self._figures())
                if pairs := self._live.pairs_after(seen):
                    seen = pairs[-1]["number"]
                    yield _event("pairs", pairs)
                try:
                    async with asyncio.timeout(INTERVAL_S):
                        await self._closed.wait()
                except TimeoutError:
                    continue
        finally:
            self._watchers -= 1

    async def _catch_up(self) -> None:
        async with self._reading:
            try:
                for records in self._tail.read():
                    for record in records:
                        self._live.add(record)
                    await asyncio.sleep(0)  # requests come first
            except OSError as error:
                self._unreadable_reason = f"traffic.log cannot be read: {error.strerror}"
            else:
                self._unreadable_reason = None

    async def _figures(self) -> dict[str, object]:
        described = await self._describe()
        route = described.get("route")
        now = time.time()
        return {
            "now": now,
            "server": described,
            **self._live.summary(now, route if isinstance(route, Mapping) else None),
            "skipped_bytes": self._tail.skipped,
            "unreadable_lines": self._tail.unreadable,
            "problem": self._unreadable_reason,
        }


def live_routes(feed: LiveFeed) -> list[Route]:
    """Return the page's routes for the application of the loopback port."""

    async def page(_request: Request) -> Response:
        return Response(asset("live.html"), media_type="text/html", headers=_HEADERS)

    async def style(_request: Request) -> Response:
        return Response(judges_asset("palette.css") + asset("live.css"), media_type="text/css", headers=_HEADERS)

    async def script(_request: Request) -> Response:
        return Response(asset("live.js"), media_type="text/javascript", headers=_HEADERS)

    async def events(_request: Request) -> Response:
        if feed.full:
            return Response(
                f"{MOST_WATCHERS} pages watch already: close one\n",
                status_code=HTTPStatus.SERVICE_UNAVAILABLE,
                media_type="text/plain",
                headers={**_HEADERS, "Retry-After": "5"},
            )
        return StreamingResponse(feed.events(), media_type="text/event-stream", headers=_HEADERS)

    return [
        Route("/", page),
        Route("/live.css", style),
        Route("/live.js", script),
        Route("/events", events),
    ]


def _event(name: str, value: object) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), _encoder.encode(value))
