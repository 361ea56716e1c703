"""The stand-in answers 503 while all server processes are down."""

import asyncio
import socket

import httpx

from miniserve.http.ports import listen
from miniserve.processes.stand_in import StandIn


async def _ask(public: socket.socket, body: bytes) -> httpx.Response:
    async with httpx.AsyncClient(timeout=30) as client:
        return await client.post(f"http://127.0.0.1:{public.getsockname()[1]}/v1/grammar/correct", content=body)


def test_it_answers_503_with_retry_after_while_active_and_leaves_the_socket_usable() -> None:
    async def scenario() -> list[httpx.Response]:
        with listen("127.0.0.1", 0) as public:
            stand_in = StandIn(public)
            await stand_in.set_active(True)
            await stand_in.set_active(True)
            answers = [await _ask(public, b"{}"), await _ask(public, b"x" * 1_000_000)]
            await stand_in.set_active(False)
            # from here on a connection waits until another process accepts it
            waiting = asyncio.create_task(_ask(public, b"{}"))
            await asyncio.get_running_loop().run_in_executor(None, _take, public)
            return [*answers, await waiting]

    refused, large, taken = asyncio.run(scenario())

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert large.status_code == 503
    assert taken.status_code == 204


def _take(public: socket.socket) -> None:
    public.setblocking(True)
    connection, _ = public.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
