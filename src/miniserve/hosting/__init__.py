"""How does an arm run without harming the server, and what happens when it hangs, crashes or lies?

A hosted arm (hosted_arm.py) runs in a worker process that is kept alive: worker_process.py is the server's handle on
it, worker.py the program that it runs, frames.py the protocol between the two. child.py starts the process; seccomp.py
and landlock.py restrict it; breaker.py decides when a process that keeps dying may be restarted; starvation.py
distinguishes a slow arm from one that got no CPU.
"""
