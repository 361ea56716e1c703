"""The judge's commands."""

import sys

from minieval.interrupts import run_stoppable


def _main() -> int:
    # Imported here, because numpy, scipy and duckdb take a second to load, and Ctrl-C may come then, too.
    from minieval.command import main  # noqa: PLC0415

    return main()


if __name__ == "__main__":
    sys.exit(run_stoppable("python -m minieval", _main))
