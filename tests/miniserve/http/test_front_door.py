"""The front door over a real socket: keys, rates, slow and lying clients, secrets, and where the server writes."""

import base64
import hashlib
import hmac
import os
import select
import shutil
import socket
import stat
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import MODELS, ROOT, Routing, StartServer
from tests.strategies import attempt, bytes_near
from tests.wire import connect, correction, exchange, received, request, status

from miniserve.errors import RequestRefused
from miniserve.http.keys import Keys, new_key
from miniserve.processes.local import LocalServer
from miniserve.processes.server_process import SERVER_COMMAND
from miniserve.tasks.grammar import CORRECT_PATH
from miniserve.traffic import Strategy

SENTENCE = "He goed to school."
TRICKLE_S = 0.01
# Thirty times what the server waits, and less than a head may have.
MOST_BYTES = 1_000


def _ask(server: LocalServer, key: str) -> int:
    return status(exchange(server, correction(SENTENCE, Authorization=f"Bearer {key}")))


def test_a_key_has_at_least_128_random_bits(tmp_path: Path) -> None:
    keys = {new_key(tmp_path / "keys") for _ in range(200)}

    decoded = [base64.urlsafe_b64decode(key + "==") for key in keys]
    assert len(keys) == 200
    assert {len(raw) * 8 >= 128 for raw in decoded} == {True}
    # every bit of some key is set, and of some key is not
    assert all(0 < sum(raw[i // 8] >> i % 8 & 1 for raw in decoded) < 200 for i in range(128))


@pytest.mark.parametrize("presented", ["first", "third", "unknown"])
def test_every_hash_is_compared_in_constant_time_whichever_matches(
    presented: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys"
    path.write_text("\n".join(hashlib.sha256(key).hexdigest() for key in (b"first", b"second", b"third")), "ascii")
    compared: list[str] = []

    def compare(mine: str, known: str, in_constant_time: Callable[[str, str], bool] = hmac.compare_digest) -> bool:
        compared.append(known)
        return in_constant_time(mine, known)

    # A time cannot be asserted, so the one comparison that takes constant time is counted.
    monkeypatch.setattr(hmac, "compare_digest", compare)
    found = attempt(RequestRefused, Keys(path).caller, f"Bearer {presented}", "")

    assert isinstance(found, RequestRefused) == (presented == "unknown")
    assert len(set(compared)) == len(compared) == 3


def test_changes_to_the_keys_file_apply_while_the_server_runs(start_server: StartServer, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    first = new_key(path)
    server = start_server(None, KEYS_FILE=str(path))
    second = "made later"

    before = _ask(server, first), _ask(server, second)
    path.write_text(hashlib.sha256(second.encode()).hexdigest(), encoding="ascii")
    after = _ask(server, first), _ask(server, second)

    assert (before, after) == ((200, 401), (401, 200))


def test_each_key_has_its_own_rate_and_gets_retry_after(start_server: StartServer, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    first, second = new_key(path), new_key(path)
    server = start_server(None, KEYS_FILE=str(path), RATE_PER_S="1")

    def spent() -> bytes | None:
        answer = exchange(server, correction(SENTENCE, Authorization=f"Bearer {first}"))
        return answer if status(answer) == 429 else None

    refusal = next(answer for answer in iter(spent, b"") if answer)
    other = _ask(server, second)
    server.wait_for(lambda: _ask(server, first) == 200, "letting the first key in again")

    assert b"\r\nretry-after: 1\r\n" in refusal.lower()
    assert b"application/problem+json" in refusal
    assert other == 200


def test_a_non_loopback_address_is_served_with_keys(start_server: StartServer, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    key = new_key(path)
    server = start_server(None, HOST="0.0.0.0", KEYS_FILE=str(path))  # noqa: S104 - with keys, which is the point

    assert (_ask(server, "unknown"), _ask(server, key)) == (401, 200)


def test_a_non_loopback_address_is_served_without_keys_if_insecure_is_given(tmp_path: Path) -> None:
    environ = {"LYNX_HOST": "0.0.0.0"}  # noqa: S104 - as --insecure allows
    with LocalServer(tmp_path, None, environ, (*SERVER_COMMAND, "--insecure")) as server:
        assert status(exchange(server, correction(SENTENCE))) == 200


@pytest.mark.parametrize(
    "begun", [b"GET /readyz HTTP/1.1\r\nX: ", correction(SENTENCE).partition(b"\r\n\r\n")[0] + b"\r\n\r\n{"]
)
def test_a_client_that_trickles_bytes_is_cut_off_by_the_server(begun: bytes, start_server: StartServer) -> None:
    server = start_server(None, HEAD_MS="300", BODY_MS="300")

    with connect(server) as client:
        client.sendall(begun)
        # waits for the answer, and sends a byte as long as there is none
        for _ in range(MOST_BYTES):
            if select.select([client], [], [], TRICKLE_S)[0]:
                break
            client.sendall(b"G")
        else:
            pytest.fail("the client may send for ever")
        answer = client.recv(65_536)

    assert status(answer) == 408


def test_one_connection_too_many_gets_503_and_the_others_are_served(start_server: StartServer) -> None:
    server = start_server(None, MAX_CONNECTIONS="3")

    with ExitStack() as open_connections:
        idle = [open_connections.enter_context(connect(server)) for _ in range(3)]
        with connect(server) as one_too_many:
            refusal = received(one_too_many)
        idle[0].sendall(correction(SENTENCE))
        served = received(idle[0])
    server.wait_for(lambda: status(exchange(server, correction(SENTENCE))) == 200, "rid of its idle connections")

    assert (status(refusal), b"\r\nRetry-After: 1\r\n" in refusal) == (503, True)
    assert status(served) == 200


def test_a_body_without_content_length_is_bounded_too(single_server: LocalServer) -> None:
    chunks = b"400\r\n" + b"x" * 0x400 + b"\r\n"
    head = (
        f"POST {CORRECT_PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    )

    answer = exchange(single_server, head.encode() + b"Connection: close\r\n\r\n" + chunks * 20 + b"0\r\n\r\n")

    assert status(answer) == 413


def test_a_request_with_two_lengths_is_refused(single_server: LocalServer) -> None:
    smuggled = correction(SENTENCE).replace(b"Connection: close", b"Transfer-Encoding: chunked")

    answer = exchange(single_server, smuggled)

    assert status(answer) == 400


@settings(max_examples=60)
@given(st.binary(max_size=200) | bytes_near(correction(SENTENCE)) | bytes_near(request("GET", "/readyz")))
def test_any_bytes_on_the_socket_are_answered_or_dropped_and_the_server_keeps_running(
    single_server: LocalServer, sent: bytes
) -> None:
    with connect(single_server) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        answer = received(client)

    assert answer == b"" or 200 <= status(answer) < 500
    assert status(exchange(single_server, request("GET", "/readyz"))) == 200


@pytest.mark.parametrize("port", ["public", "metrics"])
def test_a_body_held_back_after_an_early_response_does_not_hold_its_connection(
    port: str, start_server: StartServer
) -> None:
    server = start_server(None, MAX_CONNECTIONS="8", HEAD_MS="300", BODY_MS="300")
    number = server.address.port if port == "public" else server.address.metrics_port
    held = [
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\n",
        b"POST /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\n",
        f"POST {CORRECT_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\n".encode(),
        correction("x" * 99, Host="127.0.0.1")[:-50],
    ]

    def is_free() -> bool:
        with socket.create_connection(("127.0.0.1", number), timeout=30) as client:
            client.sendall(b"GET /details HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return status(received(client)) != 503

    with ExitStack() as clients:
        for sent in held * 2:
            client = clients.enter_context(socket.create_connection(("127.0.0.1", number), timeout=30))
            client.sendall(sent)
            if sent in held[:3]:
                client.recv(65_536)  # the early answer
                client.sendall(b"x")  # and a first byte of the body, which stopped every clock once

        server.wait_for(is_free, "rid of the clients that hold their bodies back")


@pytest.mark.parametrize("sent_bytes", [-1, -20], ids=["but one byte", "half"])
def test_sigterm_during_a_body_is_answered_with_problem_details_within_the_drain(
    sent_bytes: int, start_server: StartServer
) -> None:
    server = start_server(None)

    with connect(server) as client:
        client.sendall(correction(SENTENCE)[:sent_bytes])
        server.wait_for(lambda: _open_connections(server) == 1, "in possession of the request")
        code = server.stop()
        answer = received(client)

    said = (server.folder / "stderr.log").read_text(encoding="utf-8")
    assert (status(answer), code) == (503, 0)
    assert b"application/problem+json" in answer
    assert ("Traceback" in said, "exception" in said) == (False, False)


def _open_connections(server: LocalServer) -> int:
    """Return how many connections to the public port the kernel has established, and the server read from."""
    port = f"{server.address.port:04X}"
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    fields = [line.split() for line in lines]
    return sum(each[1].endswith(f":{port}") and each[3] == "01" and each[4].endswith(":00000000") for each in fields)


def test_a_body_announced_as_too_large_is_refused_before_100_continue(single_server: LocalServer) -> None:
    head = correction(SENTENCE, Expect="100-continue", Content_Length="99999").partition(b"\r\n\r\n")[0]

    answer = exchange(single_server, head + b"\r\n\r\n")

    assert status(answer) == 413
    assert b"100 Continue" not in answer


def test_a_compressed_body_is_415_and_identity_encoding_is_accepted(single_server: LocalServer) -> None:
    gzip = exchange(single_server, correction(SENTENCE, Content_Encoding="gzip"))
    identity = exchange(single_server, correction(SENTENCE, Content_Encoding="identity"))

    assert (status(gzip), status(identity)) == (415, 200)
    assert b"Content-Encoding is 'gzip': expected an uncompressed body" in gzip


def test_a_key_or_an_id_in_a_trailer_has_no_effect(start_server: StartServer, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    key = new_key(path)
    server = start_server(None, KEYS_FILE=str(path))
    body = correction(SENTENCE).partition(b"\r\n\r\n")[2]

    def chunked(trailers: bytes, **headers: str) -> bytes:
        head = correction(SENTENCE, **headers).partition(b"\r\n\r\n")[0]
        head = head.replace(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked")
        return head + b"\r\n\r\n%x\r\n%b\r\n0\r\n%b\r\n" % (len(body), body, trailers)

    without = exchange(server, chunked(b"Authorization: Bearer %b\r\n" % key.encode()))
    named = exchange(server, chunked(b"X-Request-Id: theirs\r\n", Authorization=f"Bearer {key}"))

    assert (status(without), status(named)) == (401, 200)
    assert b"theirs" not in named


def test_a_client_that_offers_http_2_gets_its_correction(single_server: LocalServer) -> None:
    offer = {"Connection": "Upgrade, HTTP2-Settings, close", "Upgrade": "h2c", "HTTP2_Settings": "AAMAAABkAAQAoAAA"}

    assert status(exchange(single_server, correction(SENTENCE, **offer))) == 200


def test_a_client_that_closes_its_sending_side_gets_its_correction(single_server: LocalServer) -> None:
    with connect(single_server) as client:
        client.sendall(correction(SENTENCE))
        client.shutdown(socket.SHUT_WR)

        assert status(received(client)) == 200


def test_no_key_is_in_a_log_a_trace_an_answer_or_a_metric(start_server: StartServer, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    good, bad = new_key(path), "a-wrong-key-of-somebody"
    server = start_server(None, KEYS_FILE=str(path), LOG_LEVEL="debug", RATE_PER_S="1000")
    asked = [
        correction(SENTENCE, Authorization=f"Bearer {good}"),
        correction(SENTENCE, Authorization=f"Bearer {bad}"),
        correction(SENTENCE, Authorization=f"Basic {bad}"),
        request("POST", f"{CORRECT_PATH}?key={good}", b"{", Authorization=f"Bearer {good}"),
        request("GET", f"/nowhere?key={good}"),
        correction(SENTENCE, Authorization=f"Bearer {good}")[:-9],
    ]

    answers = [exchange(server, sent) for sent in asked[:-1] * 2]
    with connect(server) as cut_off:
        cut_off.sendall(asked[-1])
    told = [server.metrics().encode(), repr(server.details()).encode()]
    server.stop()

    told += [file.read_bytes() for file in server.folder.rglob("*") if file.is_file()]
    secrets = [good, bad, hashlib.sha256(good.encode()).hexdigest(), hashlib.sha256(bad.encode()).hexdigest()]
    assert {status(answer) for answer in answers} == {200, 400, 401, 404}
    assert [secret for secret in secrets for text in (*answers, *told) if secret.encode() in text] == []


def test_no_key_is_in_a_repr(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    key = new_key(path)
    keys = Keys(path)
    with pytest.raises(RequestRefused) as refusal:
        keys.caller("Bearer wrong-key", "")

    shown = repr(keys) + str(keys) + repr(refusal.value) + str(refusal.value)

    assert not any(secret in shown for secret in (key, "wrong-key", hashlib.sha256(key.encode()).hexdigest()))


def test_the_server_writes_only_to_its_state_folder(tmp_path: Path, routing: Routing) -> None:
    everything = tmp_path / "everything"
    for name in ("home", "tmp", "cwd", "checkout"):
        (everything / name).mkdir(parents=True)
    shutil.copytree(ROOT / "src", everything / "checkout" / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(MODELS, everything / "checkout" / "models", ignore=shutil.ignore_patterns("staging"))
    environ = {
        "HOME": str(everything / "home"),
        "TMPDIR": str(everything / "tmp"),
        "PYTHONPATH": str(everything / "checkout" / "src"),
        # The interpreter's own cache; where it may not write, it goes without.
        "PYTHONDONTWRITEBYTECODE": "1",
        "LYNX_MODELS_DIR": str(everything / "checkout" / "models"),
    }
    command = ("sh", "-c", f'cd "$1" && exec "{sys.executable}" -m miniserve', "sh", str(everything / "cwd"))
    state = tmp_path / "state"

    # While a model loads, a private folder stands in TMPDIR (design, 7); what is left of it would be seen.
    before = _snapshot(everything, besides=everything / "tmp")

    with LocalServer(state, routing(Strategy.SHADOW), environ, command) as server:
        server.wait_for_shadow()
        for sent in (correction(SENTENCE), correction("x" * 501), b"NONSENSE\r\n\r\n"):
            exchange(server, sent)
        server.adopt(routing(Strategy.AB))
        httpx.get(f"{server.address.metrics_url}/metrics")
        written = _open_for_writing(server.address.pid)
        server.stop()

    assert _snapshot(everything, besides=everything / "tmp") == before
    assert list((everything / "tmp").iterdir()) == []
    assert {path.parent for path in written} <= {state, state / "journal"}
    assert state / "traffic.log" in written


def _snapshot(folder: Path, besides: Path) -> dict[str, tuple[int, int, int]]:
    """Return inode, size and time of change of everything in a folder, besides one place."""
    found = ((str(path), path.lstat()) for path in sorted(folder.rglob("*")) if path != besides)
    return {name: (status_.st_ino, status_.st_size, status_.st_mtime_ns) for name, status_ in found}


def _open_for_writing(pid: int) -> set[Path]:
    """Return the regular files that a process opened for writing; the standard streams are its starter's."""
    found = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed while we looked
            info = Path(f"/proc/{pid}/fdinfo/{descriptor.name}").read_text(encoding="ascii")
            flags = int(info.splitlines()[1].split()[1], 8)
            ours = int(descriptor.name) > 2 and stat.S_ISREG(descriptor.stat().st_mode)
            if ours and flags & (os.O_WRONLY | os.O_RDWR):
                found.add(descriptor.readlink())
    return found
