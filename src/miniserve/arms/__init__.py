"""What can answer a request, and where does it run?

An arm is a model bound to its SHA (arm.py has the protocol). It runs in the server's own process (engine.py) or in a
worker process that can hurt nobody (worker_process.py is the server's side, worker.py the other one). child.py starts
that process, frames.py is what both sides say to each other, and seccomp.py is what the kernel forbids the worker.
"""
