"""The loopback port's ASGI application: /metrics for Prometheus, /details and the live page for the operator."""

from typing import Any, Protocol

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from miniobserve.metrics.metrics import CONTENT_TYPE
from miniserve.loopback.live_feed import LiveFeed
from miniserve.loopback.live_page import live_routes

# Against DNS rebinding: a web page under another host name must not be able to read this port.
ALLOWED_HOSTS = ("127.0.0.1", "localhost", "[::1]", "::1")


class View(Protocol):
    """The source of /metrics and /details: this process, or the server processes of this parent."""

    async def details(self) -> dict[str, Any]:
        """Return the route in force, and each server process's pid and shadow (see status.details)."""

    async def exposition(self) -> bytes:
        """Return the metrics in the OpenMetrics text format."""


def create_details_app(view: View, feed: LiveFeed) -> Starlette:
    """Return the ASGI application."""

    async def exposition(_request: Request) -> Response:
        return Response(await view.exposition(), headers={"Content-Type": CONTENT_TYPE})

    async def details(_request: Request) -> Response:
        return Response(msgspec.json.encode(await view.details()), media_type="application/json")

    return Starlette(
        routes=[Route("/metrics", exposition), Route("/details", details), *live_routes(feed)],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=ALLOWED_HOSTS, www_redirect=False)],
    )
