"""How a bench is started and how it ends: a table on stdout, and a result that is kept unless it was a trial."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from bench.result import write_result


def trial_parser(name: str, description: str | None, extent: str, kind: type = int) -> argparse.ArgumentParser:
    """Return a parser with one option, which makes the bench shorter: a trial."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=description)
    parser.add_argument(f"--{extent}", type=kind, help="fewer than planned, for a trial; its result is not kept")
    return parser


def finish(name: str, body: dict[str, Any], rendered: Callable[[Mapping[str, Any]], str], *, trial: bool) -> None:
    """Print what was found, and write it to `results/NAME.json` unless it is a trial's."""
    print(f"\n{rendered(body)}\n")
    if not trial:
        print(write_result(name, body))
