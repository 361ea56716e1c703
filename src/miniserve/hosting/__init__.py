"""Where does an arm run that must not hurt the server, and what happens when it hangs, crashes or lies?

A hosted arm (hosted_arm.py) lives in a worker process that is kept alive: worker_process.py is the server's handle on
it, worker.py the program at the other end, frames.py what they say to each other. child.py starts the process;
seccomp.py and landlock.py are what the kernel forbids it; breaker.py decides when one that keeps dying may start again;
starvation.py tells a slow arm from one that got no CPU.
"""
