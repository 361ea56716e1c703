"""HTTP on a bare socket: every byte that a client receives, nothing parsed away."""

import json
import socket

from miniserve.processes.local import LocalServer
from miniserve.tasks.grammar import CORRECT_PATH

PATIENCE_S = 60


def connect(server: LocalServer) -> socket.socket:
    """Open a connection to the public port."""
    return socket.create_connection(("127.0.0.1", server.address.port), timeout=PATIENCE_S)


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """Return the bytes of a request after which the connection closes."""
    lines = {"Host": "test", "Connection": "close", "Content-Length": str(len(body))}
    lines |= {"Content-Type": "application/json"} if body else {}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return head.encode("latin-1") + b"\r\n" + body


def correction(sentence: str, request_id: str | None = None, **headers: str) -> bytes:
    """Return the bytes of a correction request."""
    asked = {"sentence": sentence} | ({"request_id": request_id} if request_id else {})
    return request("POST", CORRECT_PATH, json.dumps(asked).encode(), **headers)


def received(client: socket.socket) -> bytes:
    """Return every byte until the server closes, or resets, the connection."""
    found = bytearray()
    try:
        while chunk := client.recv(65_536):
            found += chunk
    except ConnectionResetError:
        pass
    return bytes(found)


def exchange(server: LocalServer, sent: bytes) -> bytes:
    """Send bytes on a connection of their own and return every byte that comes back."""
    with connect(server) as client:
        client.sendall(sent)
        return received(client)


def header_names(answer: bytes) -> set[str]:
    """Return the names of the headers of one answer, in lower case."""
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {line.partition(":")[0].lower() for line in head}


def status(answer: bytes) -> int:
    """Return the status of one answer."""
    return int(answer.split(b" ", 2)[1])
