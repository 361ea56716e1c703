"""The live page's routes: the page, its style and script, and the event stream."""

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from minieval.report.assets import asset as judges_asset
from miniserve.loopback.assets import asset
from miniserve.loopback.live_feed import MAX_WATCHERS, LiveFeed

_HEADERS: Final = {
    # Nothing inline and nothing from elsewhere, so that text from models and users cannot run as code.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def live_routes(feed: LiveFeed) -> list[Route]:
    """Return the page's routes, for the application of the loopback port."""

    async def page(_request: Request) -> Response:
        return Response(asset("live.html"), media_type="text/html", headers=_HEADERS)

    async def style(_request: Request) -> Response:
        return Response(judges_asset("palette.css") + asset("live.css"), media_type="text/css", headers=_HEADERS)

    async def script(_request: Request) -> Response:
        return Response(asset("live.js"), media_type="text/javascript", headers=_HEADERS)

    async def events(_request: Request) -> Response:
        if feed.full:
            return Response(
                f"{MAX_WATCHERS} live pages are open already: close one\n",
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
