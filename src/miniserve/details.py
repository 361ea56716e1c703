"""The loopback port: metrics for Prometheus, and what the server is doing, for its operator only."""

import os
from dataclasses import asdict

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from miniobserve.metrics import CONTENT_TYPE, Metrics
from miniserve.arms import EngineArm
from miniserve.live_page import LiveFeed, live_routes
from miniserve.routes import Routes

# A page that a browser was lured to under another name must not read this port (DNS rebinding).
ALLOWED_HOSTS = ("127.0.0.1", "localhost", "[::1]", "::1")


def create_details_app(routes: Routes, metrics: Metrics, feed: LiveFeed) -> Starlette:
    """Return the ASGI application of the loopback port."""

    async def exposition(_request: Request) -> Response:
        shadow = routes.current.shadow if routes.current else None
        metrics.shadow_depth.set(shadow.depth if shadow else 0)
        metrics.shadow_up.set(1 if shadow and shadow.state.up else 0)
        return Response(metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})

    async def details(_request: Request) -> Response:
        return Response(msgspec.json.encode(describe(routes)), media_type="application/json")

    return Starlette(
        routes=[Route("/metrics", exposition), Route("/details", details), *live_routes(feed)],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=ALLOWED_HOSTS, www_redirect=False)],
    )


def describe(routes: Routes) -> dict[str, object]:
    """Return what the server is doing."""
    route = routes.current
    if route is None:
        return {"ready": False}
    return {
        "ready": True,
        "route": {**route.config.as_json(), "config_sha": route.config.config_sha},
        "engines": {name: arm.engine_name for name, arm in route.arms.items() if isinstance(arm, EngineArm)},
        "shadow": asdict(route.shadow.state) if route.shadow else None,
        "processes": [{"pid": os.getpid(), "shadow": asdict(route.shadow.state) if route.shadow else None}],
    }
