"""The real server, with a shadow worker that misbehaves: faulty_server.py FAULT."""

import sys
from pathlib import Path

from miniserve.__main__ import main

if __name__ == "__main__":
    worker = Path(__file__).with_name("faulty_worker.py")
    sys.exit(main([], worker_command=(sys.executable, str(worker), sys.argv[1])))
