"""What did the judge observe? The rows and numbers that the measures work on, read from the graded log.

tallies.py counts equal pairs together, timings.py has latencies, cases.py lists the disagreements to read, and plan.py
compares the log with what the manifest planned.
"""
