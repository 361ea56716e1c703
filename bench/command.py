"""How a bench is started and how it ends: a table on stdout, and a result that is kept unless it was a trial."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from bench.result import write_result


def trial_parser(name: str, description: str | None, extent: str, kind: type[float] = int) -> argparse.ArgumentParser:
    """Return a parser with one option, which makes the bench shorter: a trial."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=description)

    def positive(text: str) -> float:
        value = kind(text)
        if value <= 0:
            raise argparse.ArgumentTypeError(f"{text}: expected a number above 0")
        return value

    parser.add_argument(f"--{extent}", type=positive, help="fewer than planned, for a trial; its result is not kept")
    return parser


def finish(name: str, body: dict[str, Any], rendered: Callable[[Mapping[str, Any]], str], *, trial: bool) -> None:
    """Write what was found to `results/NAME.json`, unless it is a trial's, and print it."""
    written = None if trial else write_result(name, body)
    print(f"\n{rendered(body)}\n")
    if written:
        print(written)
