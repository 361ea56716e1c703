"""What happens to B while A answers?

A shadow is a bounded queue around any arm (queue.py). Every run ends in exactly one outcome (outcome.py). No request
waits for a run, and no failure of a run reaches a request.
"""
