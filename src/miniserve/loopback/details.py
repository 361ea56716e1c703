"""The loopback port: metrics for Prometheus, and what the server is doing, for its operator only."""

from typing import Any, Protocol

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from miniobserve.metrics.metrics import CONTENT_TYPE
from miniserve.loopback.live_page import LiveFeed, live_routes

# A page that a browser was lured to under another name must not read this port (DNS rebinding).
ALLOWED_HOSTS = ("127.0.0.1", "localhost", "[::1]", "::1")


class View(Protocol):
    """What this port shows: of this process, or of the server processes whose parent this is."""

    async def details(self) -> dict[str, Any]:
        """Return the route in force, and per server process its pid and its shadow (status.details)."""

    async def exposition(self) -> bytes:
        """Return the metrics in the OpenMetrics text format."""


def create_details_app(view: View, feed: LiveFeed) -> Starlette:
    """Return the ASGI application of the loopback port."""

    async def exposition(_request: Request) -> Response:
        return Response(await view.exposition(), headers={"Content-Type": CONTENT_TYPE})

    async def details(_request: Request) -> Response:
        return Response(msgspec.json.encode(await view.details()), media_type="application/json")

    return Starlette(
        routes=[Route("/metrics", exposition), Route("/details", details), *live_routes(feed)],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=ALLOWED_HOSTS, www_redirect=False)],
    )
