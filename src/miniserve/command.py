"""Runs the server until it is stopped; SIGTERM and Ctrl-C drain it first. Settings are `LYNX_` environment variables.

Exit codes: 0 after a clean stop, 1 if a model did not load or a process had to be killed, 2 for unusable settings or
configuration.
"""

import argparse
import asyncio
import ipaddress
import os
import socket
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import uvloop

from minimodel.errors import ModelError
from miniobserve.deferred import DeferredCalls
from miniobserve.logs import structured as logs
from miniobserve.logs.stderr import LineWriter, stderr_writer
from miniobserve.metrics import shared as shared_metrics
from miniobserve.metrics.metrics import Metrics
from miniserve.errors import ArmNotLoaded, ServeError, SettingsError
from miniserve.hosting.worker_process import WORKER_COMMAND
from miniserve.http.ports import listen
from miniserve.log.ledger import STDOUT
from miniserve.log.stdout_log import STDOUT_DESCRIPTOR
from miniserve.loopback.port import Loopback
from miniserve.processes.channel import Begin, ParentChannel
from miniserve.processes.parent import Parent, ProcessesFailed
from miniserve.processes.server_process import SERVER_COMMAND
from miniserve.processes.service import Service
from miniserve.processes.stopping import StopRequest
from miniserve.settings import Settings


def main(
    argv: Sequence[str] | None = None,
    *,
    worker_command: Sequence[str] = WORKER_COMMAND,
    server_command: Sequence[str] = SERVER_COMMAND,
    stop: StopRequest | None = None,
    program: str = "python -m miniserve",
) -> int:
    """Run the server and return its exit code; `server_command` starts the processes of `--workers`."""
    # Before anything opens a file.
    closed = _occupy_standard_descriptors()
    options = _parser(program).parse_args(argv)
    stop = stop or StopRequest()
    begin = Begin.receive() if options.child is not None else None
    if begin:
        # Before Metrics(): only metrics that are created after this count into the shared files.
        shared_metrics.join(Path(begin.metrics_folder), begin.slot)
    metrics = Metrics()
    writer = stderr_writer(metrics.log_lines_dropped.inc)
    try:
        settings = _settings(options)
        if settings.log_path == STDOUT and STDOUT_DESCRIPTOR in closed:
            raise SettingsError("LYNX_TRAFFIC_LOG is '-', but stdout is closed: expected an open stdout, or a file")
        logs.configure(settings.log_level, writer)
        if begin:
            control, public = _inherited(options.child), _inherited(begin.public_fd)
            _run(_child(settings, metrics, stop, worker_command, begin, control, public))
        elif settings.workers == 1:
            _run(_alone(settings, metrics, stop, worker_command))
        else:
            _run(Parent(settings, stop, server_command).run())
    except ProcessesFailed as error:
        return error.code
    except ArmNotLoaded as error:
        return _refused(writer, error, 1)
    except (ServeError, ModelError) as error:
        return _refused(writer, error, 2)
    finally:
        writer.close()
    return 0


def _occupy_standard_descriptors() -> set[int]:
    """Open /dev/null for closed standard streams, or a log file would get descriptor 2 and libraries print into it.

    Returns the descriptors that were closed.
    """
    closed = set()
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
            closed.add(descriptor)
    return closed


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument("--insecure", action="store_true", help="serve a non-loopback address without API keys")
    parser.add_argument("--workers", metavar="N", help="as LYNX_WORKERS, which it overrides")
    # For processes that a parent starts: the descriptor of the channel to it.
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    settings = Settings.from_environ(os.environ)
    if options.workers is not None:
        settings = settings.with_workers(options.workers)
    if not (_is_loopback(settings.host) or settings.keys_file or options.insecure or options.child is not None):
        raise SettingsError(
            f"LYNX_HOST is {settings.host!r}, not a loopback address: expected LYNX_KEYS_FILE too, or --insecure"
        )
    return settings


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _run(serving: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


def _refused(writer: LineWriter, error: Exception, code: int) -> int:
    writer.write(f"miniserve: {error}\n")
    return code


async def _alone(settings: Settings, metrics: Metrics, stop: StopRequest, worker_command: Sequence[str]) -> None:
    service = Service(settings, metrics, stop, worker_command)
    public = listen(settings.host, settings.port)
    await service.run(public, Loopback(settings, service.view, public))


async def _child(
    settings: Settings,
    metrics: Metrics,
    stop: StopRequest,
    worker_command: Sequence[str],
    begin: Begin,
    control: socket.socket,
    public: socket.socket,
) -> None:
    service = Service(
        settings,
        metrics,
        stop,
        worker_command,
        config=begin.config,
        spans=f"spans-{begin.slot}.jsonl",
        # Counters live in shared files that survive the process, so no update may wait in memory.
        deferred=DeferredCalls(metrics.count_failed_call, immediate=True),
    )
    channel = ParentChannel(control, service.status)
    await service.run(public, channel, load_first=begin.load_first)


def _inherited(descriptor: int) -> socket.socket:
    """Return a socket inherited from the parent; B is a child of this process and must not inherit it."""
    found = socket.socket(fileno=descriptor)
    found.set_inheritable(False)
    return found
