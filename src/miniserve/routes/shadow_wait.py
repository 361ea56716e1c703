"""Waits until the running server's shadow has loaded, and reports progress on stderr.

It finds the server through STATE_DIR/server.json and polls /details on its loopback port.
"""

import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self, TextIO

from minimodel.small_files import read_version
from miniserve.errors import ServeError
from miniserve.settings import Settings

_POLL_S = 0.2
_REPLY_TIMEOUT_S = 5.0
# On top of the time to load: the server polls the route file, and may have to load the production arm first.
_SLACK_S = 10.0
# The server reads the file within this time; until then `route_refused` may refer to the previous file.
_NOTICED_S = 2.0


class ShadowNotUp(ServeError):
    """The configuration is written, but its shadow did not come up; the message says why."""


def wait_for_shadow(settings: Settings, config_sha: str) -> None:
    """Return once every server process runs this configuration with its shadow loaded, or if no server runs.

    Raises ShadowNotUp if the server refuses the configuration, its shadow fails to load, or both take too long.
    """
    url = _details_url(settings.state_dir)
    found = _details(url) if url else None
    if url is None or found is None:
        print("no server is running: the next one starts with this configuration", file=sys.stderr)
        return
    started = time.monotonic()
    limit_s = settings.shadow_load_ms / 1e3 + _SLACK_S
    with _Progress(sys.stderr) as progress:
        while True:
            waited_s = time.monotonic() - started
            if found is None:
                raise ShadowNotUp("the server stopped before its shadow had loaded")
            if _is_up(found, config_sha):
                break
            if waited_s > _NOTICED_S and (problem := _problem(found, config_sha)):
                raise ShadowNotUp(problem)
            if waited_s > limit_s:
                raise ShadowNotUp(f"the shadow has not loaded after {limit_s:g} s; see /details and the server's log")
            progress.show(f"waiting for the shadow to load: {waited_s:.0f} s")
            time.sleep(_POLL_S)
            found = _details(url)
    print(f"the shadow has loaded after {time.monotonic() - started:.1f} s", file=sys.stderr)


def _details_url(state_dir: Path) -> str | None:
    """Return the URL of the running server's state, or None without a usable server.json."""
    try:
        port = int(json.loads(read_version(state_dir / "server.json", 1024).content)["metrics_port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return f"http://127.0.0.1:{port}/details"


def _details(url: str) -> dict[str, Any] | None:
    """Return the server's state, or None if no server of ours answers: a killed server leaves its server.json."""
    try:
        with urllib.request.urlopen(url, timeout=_REPLY_TIMEOUT_S) as reply:  # noqa: S310  # nosec B310 - loopback, http
            found = json.load(reply)
    except (OSError, ValueError, urllib.error.URLError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("processes"), list) else None


def is_in_force(found: dict[str, Any], config_sha: str) -> bool:
    """Return whether every server process in /details has this configuration in force."""
    routes = [process["route"] for process in found["processes"]]
    return bool(routes) and all(route is not None and route["config_sha"] == config_sha for route in routes)


def _is_up(found: dict[str, Any], config_sha: str) -> bool:
    return is_in_force(found, config_sha) and found["shadow"] is not None and bool(found["shadow"]["up"])


def _problem(found: dict[str, Any], config_sha: str) -> str | None:
    """Return why further waiting is pointless, or None."""
    if not is_in_force(found, config_sha):
        refused = any(process["route_refused"] for process in found["processes"])
        return "the server refused the configuration; its log says why" if refused else None
    shadow = found["shadow"]
    if shadow is not None and shadow["last_failure"] and not shadow["up"]:
        return f"the shadow failed to load ({shadow['last_failure']}); the server tries again"
    return None


class _Progress:
    """On a terminal, one line that is rewritten; otherwise one line every ten seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next = 0.0
        self._rewriting = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._rewriting:
            self._stream.write("\n")

    def show(self, text: str) -> None:
        """Show the text, unless one was shown a moment ago."""
        now = time.monotonic()
        if now < self._next:
            return
        terminal = self._stream.isatty()
        self._next = now + (1 if terminal else 10)
        self._stream.write(f"\r{text}" if terminal else f"{text}\n")
        self._stream.flush()
        self._rewriting = terminal
