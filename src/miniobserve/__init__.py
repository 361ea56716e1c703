"""Logs, metrics and traces, sliced by the arm (`traffic.arm`).

It imports none of our other packages, so it knows nothing of what it observes.
"""
