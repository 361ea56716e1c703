"""A port that serves a small ASGI application on a thread of its own, and what a client says to it on a bare socket."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import h11
import uvloop
from starlette.types import Receive, Scope, Send

from miniserve.http.ports import PortServer, listen
from miniserve.settings import Settings

PATIENCE_S = 30


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Echo a POST, answer /early without reading, stream /endless for ever, break on /broken."""
    if scope["path"] == "/endless":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
            await asyncio.sleep(0)
    if scope["path"] == "/watch":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        await send({"type": "http.response.body", "body": b"left"})
        return
    if scope["path"] == "/broken":
        raise ZeroDivisionError
    if scope["path"] == "/split":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"a\r\nset-cookie: b")]})
    if scope["path"] == "/stuck":
        await asyncio.Event().wait()
    body, complete = b"", scope["method"] != "POST"
    while not complete:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message["body"]
        complete = not message["more_body"]
    told = {
        "path": scope["path"],
        "body": body.decode("latin-1"),
        "complete": complete,
        "headers": {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
    }
    answer = json.dumps(told).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(answer))]})
    await send({"type": "http.response.body", "body": answer})


@dataclass(frozen=True)
class Port:
    """A running port."""

    number: int
    server: PortServer
    stop: Callable[[], None]

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.number), timeout=PATIENCE_S)

    def exchange(self, sent: bytes) -> bytes:
        """Send bytes, and return everything until the server closes."""
        with self.connect() as client:
            client.sendall(sent)
            return read_all(client)

    def wait_until_deserted(self) -> None:
        """Wait until the server holds no connection; fails if it goes on holding one."""
        deadline = time.monotonic() + PATIENCE_S
        while self.server.connections:
            assert time.monotonic() < deadline, f"{len(self.server.connections)} connections are held for ever"
            time.sleep(0.01)


@contextmanager
def serving(limit_s: float = 5.0, **settings: int) -> Iterator[Port]:
    """Serve the application with `limit_s` for every wait that has no setting."""
    ready = threading.Event()
    found: list[tuple[int, PortServer, asyncio.AbstractEventLoop]] = []

    async def serve() -> None:
        server = PortServer(app, Settings(**settings))  # type: ignore[arg-type]  # numbers only, which is enough here
        server.limits = replace(server.limits, idle_s=limit_s, linger_s=limit_s, body_slack_s=limit_s)
        listening = listen("127.0.0.1", 0)
        found.append((listening.getsockname()[1], server, asyncio.get_running_loop()))
        ready.set()
        await server.serve([listening])

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(PATIENCE_S)
    number, server, loop = found[0]

    def stop() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(server.stop)

    try:
        yield Port(number, server, stop)
    finally:
        stop()
        thread.join(PATIENCE_S)


def read_all(client: socket.socket) -> bytes:
    """Return every byte until the server closes, or resets, the connection."""
    found = bytearray()
    try:
        while chunk := client.recv(65_536):
            found += chunk
    except ConnectionResetError:
        pass
    return bytes(found)


@dataclass(frozen=True)
class Answer:
    """A response as h11 reads it, which is not the parser that the server uses."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, object]:
        """What the application, or the problem details, say."""
        found: dict[str, object] = json.loads(self.body)
        return found


def answers(received: bytes, *methods: str) -> list[Answer]:
    """Read the answers to requests of these methods; h11 raises on anything that is not HTTP/1.1."""
    reader = h11.Connection(h11.CLIENT)
    reader.receive_data(received)
    reader.receive_data(b"")
    found = []
    for number, method in enumerate(methods):
        if number:
            reader.start_next_cycle()
        reader.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
        reader.send(h11.EndOfMessage())
        response, body = None, b""
        while not isinstance(event := reader.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            else:
                assert isinstance(event, h11.InformationalResponse), f"no answer to {method}: {event!r}"
        assert response is not None
        headers = {name.decode(): value.decode() for name, value in response.headers}
        found.append(Answer(response.status_code, headers, body))
    return found


def request(method: str = "GET", path: str = "/", body: bytes = b"", *headers: str) -> bytes:
    """Return the bytes of a request; a body brings its Content-Length."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers]
    lines += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
