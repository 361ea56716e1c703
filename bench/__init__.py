"""How fast, how isolated and how accurate is it? Benches that print a table and write JSON to `results/`.

The recipes in the Justfile run them from the repository root. load.py is the load generator, server.py starts the
server under test, and rounds.py interleaves the conditions.
"""
