"""Who may ask, how much at once, and what does HTTP make of it?

The public port: the ASGI application, admission (API keys, rate and concurrency limits), problem details, the OpenAPI
description, and the limits on heads, bodies and connections that the HTTP protocol class keeps.
"""
