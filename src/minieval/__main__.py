"""The judge's commands."""

import sys

from minieval.interrupts import run_stoppable


def _main() -> int:
    # Imported here, so that Ctrl-C is also handled while numpy, scipy and duckdb load, which takes a second.
    from minieval.command import main  # noqa: PLC0415

    return main()


if __name__ == "__main__":
    sys.exit(run_stoppable("python -m minieval", _main))
