"""`python -m miniserve`: reads the settings, runs the service, stops on SIGTERM or Ctrl-C after draining.

Exit codes: 0 stopped as asked, 1 a model did not load, 2 unusable settings or configuration.
"""

import argparse
import asyncio
import ipaddress
import os
import sys
from collections.abc import Sequence

import uvloop

from minimodel.errors import ModelError
from miniobserve import logs
from miniobserve.metrics import Metrics
from miniobserve.stderr import stderr_writer
from miniserve.errors import ArmNotLoaded, ServeError, SettingsError
from miniserve.service import Service
from miniserve.settings import Settings
from miniserve.worker_process import WORKER_COMMAND


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def main(argv: Sequence[str] | None = None, worker_command: Sequence[str] = WORKER_COMMAND) -> int:
    """Run the server and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m miniserve", description=__doc__)
    parser.add_argument("--insecure", action="store_true", help="serve a non-loopback address without API keys")
    options = parser.parse_args(argv)
    metrics = Metrics()
    writer = stderr_writer(metrics.log_lines_dropped.inc)
    try:
        settings = Settings.from_environ(os.environ)
        if not (_is_loopback(settings.host) or settings.keys_file or options.insecure):
            raise SettingsError(
                f"LYNX_HOST is {settings.host!r}, not a loopback address: expected LYNX_KEYS_FILE too, or --insecure"
            )
        logs.configure(settings.log_level, writer)
        service = Service(settings, metrics, worker_command)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(service.run())
    except ArmNotLoaded as error:
        writer.write(f"miniserve: {error}\n")
        return 1
    except (ServeError, ModelError) as error:
        writer.write(f"miniserve: {error}\n")
        return 2
    finally:
        writer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
