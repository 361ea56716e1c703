"""The judge's commands."""

import sys

from minieval.command import main

if __name__ == "__main__":
    sys.exit(main())
