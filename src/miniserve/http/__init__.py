"""Who may ask, how much at once, and what does HTTP make of it?

The public port: the ASGI application, admission (API keys, rate and concurrency limits), bounded bodies, problem
details, the OpenAPI description. protocol/ is HTTP/1.1 itself, which the loopback port speaks too.
"""
