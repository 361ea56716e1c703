"""How do bytes on a socket become ASGI calls, and how much memory and time may a client take?

parser.py turns bytes into requests and limits their heads and framing. exchange.py handles one request and its
response, pipeline.py keeps the requests of a connection in order. connection.py handles one socket, deadline.py the
time that it may spend in each state; limits.py has the numbers.
"""
