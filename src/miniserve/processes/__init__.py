"""Which processes make up a server, and how do they start, stop and replace each other?

service.py is one server process. With --workers, the parent starts several and restarts those that exit; each place
among them is a slot, and a channel carries their status. local.py starts a server for tests, benches and the lab.
"""
