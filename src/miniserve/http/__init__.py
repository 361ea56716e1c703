"""Who may send requests, how many at once, and how do they become HTTP responses?

The public port: the ASGI application, admission (API keys, rate and concurrency limits), bounded bodies, problem
details, the OpenAPI description. protocol/ implements HTTP/1.1, for the loopback port too.
"""
