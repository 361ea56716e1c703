"""What happens to B while A answers?

A shadow is a bounded queue around any arm (queue.py). Every run ends in exactly one outcome (outcome.py); no request
waits for one, and no failure of B is raised into one.
"""
