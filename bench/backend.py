"""`python -m bench.backend hanging|slow PORT`: the backend that nginx mirrors to. It never answers, or always late."""

import asyncio
import sys
from contextlib import suppress

import uvloop

SLOW_S = 0.1  # as long as a slow B waits, see conditions.py
_REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


async def _serve(name: str, port: int) -> None:
    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-length")
                    ),
                    0,
                )
                await reader.readexactly(length)
                if name == "hanging":
                    await reader.read()  # until nginx gives up
                    break
                await asyncio.sleep(SLOW_S)
                writer.write(_REPLY)
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(sys.argv[1], int(sys.argv[2])))
