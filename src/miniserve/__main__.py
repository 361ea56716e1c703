"""`python -m miniserve`: records signals at once, then imports and runs the command (see command.py)."""

import sys

from miniserve.processes.stopping import StopRequest

if __name__ == "__main__":
    stop = StopRequest()
    # Importing takes half a second. Without this, SIGTERM would kill the process during that time.
    from miniserve.command import main

    sys.exit(main(stop=stop))
