"""Which processes make up a server, and how are they started, stopped and restarted?

service.py is one server process. With --workers, a parent starts several and restarts those that exit. A slot keeps one
of them running, and a channel carries its status. local.py starts a server for tests, benches and the lab.
"""
