"""`python -m miniserve`: notes signals at once, then loads and runs the command (see command.py)."""

import sys

from miniserve.processes.stopping import StopRequest

if __name__ == "__main__":
    stop = StopRequest()
    # Loading takes half a second, in which a SIGTERM would end the process by its default.
    from miniserve.command import main

    sys.exit(main(stop=stop))
