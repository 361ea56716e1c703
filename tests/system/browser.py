"""Drives Debian's Chromium, headless, through its DevTools protocol, as far as these tests need it."""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

FLAGS = (
    "--headless=new",
    # Chromium's sandbox needs privileges that root in a container lacks; the tests open only our own pages.
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--remote-debugging-port=0",
)
TIMEOUT_S = 60
Message = dict[str, Any]


class BrowserError(Exception):
    """Chromium is missing, did not start, refused a command, or a script in the page raised."""


@dataclass
class Page:
    """One tab, with all its requests and all errors and console messages since it was opened."""

    socket: ClientConnection
    session: str = ""
    requests: list[str] = field(default_factory=list)
    messages_logged: list[str] = field(default_factory=list)
    _last: int = 0
    _loaded: bool = False

    def open(self, url: str) -> None:
        """Open an address and wait for its load event."""
        self._loaded = False
        self.send("Page.navigate", url=url)
        while not self._loaded:
            self._receive()

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - any JSON
        """Return the value of an expression in the page."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BrowserError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def press(self, key: str, code: str, number: int, text: str = "") -> None:
        """Press and release a key in the focused element."""
        for kind in ("keyDown", "keyUp"):
            optional = {"text": text} if text and kind == "keyDown" else {}
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=code, windowsVirtualKeyCode=number, **optional)

    def type(self, text: str) -> None:
        """Insert text into the focused element."""
        self.send("Input.insertText", text=text)

    def show(self, width: int, scheme: str = "light", media: str = "screen") -> None:
        """Set the page's width in pixels, colour scheme and medium."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", media=media, features=features)
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)

    def screenshot(self, height: int) -> bytes:
        """Return a PNG of the top `height` pixels of the page."""
        width = self.evaluate("document.documentElement.clientWidth")
        # Content far outside the window is not painted (content-visibility), so the window is made as high.
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        return base64.b64decode(self.send("Page.captureScreenshot")["data"])

    def send(self, method: str, **parameters: object) -> Message:
        """Send a command and return its result."""
        self._last += 1
        request = {"id": self._last, "method": method, "params": parameters}
        self.socket.send(json.dumps(request | ({"sessionId": self.session} if self.session else {})))
        while True:
            message = self._receive()
            if message.get("id") == self._last:
                if "error" in message:
                    raise BrowserError(f"{method}: {message['error']}")
                result: Message = message["result"]
                return result

    def _receive(self) -> Message:
        message: Message = json.loads(self.socket.recv(timeout=TIMEOUT_S))
        parameters = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])
            case "Page.loadEventFired":
                self._loaded = True
            case "Log.entryAdded":
                self.messages_logged.append(parameters["entry"]["text"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self.messages_logged.append(json.dumps(parameters))
        return message


@contextmanager
def browser_page(profile: Path) -> Iterator[Page]:
    """Start Chromium with its own profile folder, yield one tab, and stop it afterwards."""
    program = shutil.which("chromium")
    if program is None:
        raise BrowserError("no chromium on the path: install Debian's package `chromium`")
    command = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            # No keepalive pings: on a busy machine a late pong would close the connection between two tests.
            with connect(_address(process), max_size=None, open_timeout=TIMEOUT_S, ping_interval=None) as socket:
                yield _tab(socket)
                # Closing lets it finish writing its profile; a signal would not.
                Page(socket).send("Browser.close")
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str]) -> str:
    output: list[str] = []
    for line in process.stderr or ():
        if found := re.search(r"DevTools listening on (ws://\S+)", line):
            return found[1]
        output.append(line)
    raise BrowserError(f"chromium ended without listening: {''.join(output)}")


def _tab(socket: ClientConnection) -> Page:
    page = Page(socket)
    target = page.send("Target.createTarget", url="about:blank")["targetId"]
    page.session = page.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Network", "Log", "Runtime"):
        page.send(f"{domain}.enable")
    return page
