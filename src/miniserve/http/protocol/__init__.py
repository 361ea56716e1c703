"""How do bytes on a socket become a call of the ASGI application, and what may a client make us hold or wait for?

parser.py turns bytes into requests and bounds their heads and framing. exchange.py is one request with its response.
connection.py is one socket: it has a deadline in every state. limits.py holds the numbers.
"""
