"""How do bytes on a socket become a call of the ASGI application, and what may a client make us hold or wait for?

parser.py turns bytes into requests and bounds their heads and framing. exchange.py is one request with its response,
pipeline.py the order of those of a connection. connection.py is one socket, deadline.py how long it may wait in each of
its states, limits.py the numbers.
"""
