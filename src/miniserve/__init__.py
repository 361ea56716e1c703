"""The server: serves the production arm, runs the shadow arm unseen, and writes one line per request.

cli.py is the command `lynx-ab`, command.py runs the server. BLUEPRINT.md has its contract and describes how a request
passes through the folders.
"""
