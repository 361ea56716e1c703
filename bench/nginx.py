"""nginx with `mirror`, the common way to shadow traffic, in front of the same server, with a hanging or slow backend.

One nginx process has a port per backend, and a port without a mirror as the reference. Ports whose name ends in
`closing` close the connection after each answer; the others keep it alive, nginx's default. The main request completes
only when the mirrored one does, so a keep-alive connection waits for the backend before it accepts another request (R.
Arutyunyan, nginx mailing list, October 2017).
"""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.pinning import GENERATOR_CORE, pinned

BACKENDS = ("hanging", "slow")
PORTS = tuple(name + suffix for suffix in ("", " closing") for name in ("off", *BACKENDS))
# The time-out of our own shadow (LYNX_SHADOW_TIMEOUT_MS).
TIMEOUT_S = 2
_CONNECTIONS = 4096
_START_S = 10.0


def is_installed() -> bool:
    """Return whether nginx is installed."""
    return _executable() is not None


@contextmanager
def mirrors(server_port: int, folder: Path) -> Iterator[dict[str, int]]:
    """Run nginx and the backends. Yields the ports by the names in PORTS."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as running, pinned(GENERATOR_CORE):
        backends = {name: _free_port() for name in BACKENDS}
        for name, port in backends.items():
            running.enter_context(_process((sys.executable, "-m", "bench.backend", name, str(port)), port))
        ports = {name: _free_port() for name in PORTS}
        config = folder / "nginx.conf"
        config.write_text(_config(server_port, backends, ports, folder), encoding="utf-8")
        command = (str(_executable()), "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log"))
        running.enter_context(_process(command, ports["off"]))
        yield ports


def version() -> str:
    """Return nginx's name and version."""
    return subprocess.run((str(_executable()), "-v"), capture_output=True, text=True, check=True).stderr.strip()


def _executable() -> str | None:
    # Debian installs it in a folder that is not on a user's PATH.
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def _config(server_port: int, backends: dict[str, int], ports: dict[str, int], folder: Path) -> str:
    servers = "\n".join(_server(port, name, backends) for name, port in ports.items())
    temporary = "\n".join(
        f"  {kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections {_CONNECTIONS}; }}
http {{
  access_log off;
{temporary}
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_connect_timeout {TIMEOUT_S}s;
  proxy_read_timeout {TIMEOUT_S}s;
  upstream production {{ server 127.0.0.1:{server_port}; keepalive 64; }}
{servers}
}}
"""


def _server(port: int, name: str, backends: dict[str, int]) -> str:
    backend, _, closing = name.partition(" ")
    keeping = "keepalive_timeout 0;" if closing else "keepalive_requests 1000000;"
    mirror = here = ""
    if backend in backends:
        mirror = "mirror /mirror;"
        here = f"location = /mirror {{ internal; proxy_pass http://127.0.0.1:{backends[backend]}$request_uri; }}"
    return f"""\
  server {{
    listen 127.0.0.1:{port};
    {keeping}
    location / {{ {mirror} proxy_pass http://production; }}
    {here}
  }}"""


@contextmanager
def _process(command: tuple[str, ...], port: int) -> Iterator[None]:
    """Run a server inside the context, once it accepts connections."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        until = time.monotonic() + _START_S
        while not _listening(port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{' '.join(command)} does not listen on port {port}: exit code {process.poll()}")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait()


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
