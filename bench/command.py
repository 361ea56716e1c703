"""The command line of a bench, and its output: a table on stdout and, unless it is a trial, a result file."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from bench.result import write_result


def trial_parser(name: str, description: str | None, extent: str, kind: type[float] = int) -> argparse.ArgumentParser:
    """Return a parser with one option, which shortens the bench to a trial."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=description)

    def positive(text: str) -> float:
        value = kind(text)
        if value <= 0:
            raise argparse.ArgumentTypeError(f"{text}: expected a number above 0")
        return value

    parser.add_argument(
        f"--{extent}", type=positive, help="fewer than planned, for a trial run; the result is not saved"
    )
    return parser


def finish(name: str, body: dict[str, Any], rendered: Callable[[Mapping[str, Any]], str], *, trial: bool) -> None:
    """Print the result and, unless it is a trial, write it to `results/NAME.json`."""
    written = None if trial else write_result(name, body)
    print(f"\n{rendered(body)}\n")
    if written:
        print(written)
