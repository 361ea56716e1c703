"""`python -m miniserve.http.key_new FILE`: creates an API key, prints it once, and appends its hash to the file."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from miniserve.http.keys import new_key


def main(argv: Sequence[str] | None = None, program: str = "python -m miniserve.http.key_new") -> int:
    """Print a new key; returns 0, or 2 if the file cannot be written."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="the file that LYNX_KEYS_FILE names; a running server rereads it"
    )
    options = parser.parse_args(argv)
    try:
        print(new_key(options.file))
    except OSError as error:
        print(f"key_new: {options.file}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
