"""The server: serves the production arm, runs the shadow arm unseen, and writes one line per request.

BLUEPRINT.md has its contract and describes a request's way through the folders.
"""
