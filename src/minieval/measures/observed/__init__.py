"""What did the judge observe? Reads the inputs of the measures from the graded log.

tallies.py groups equal pairs, timings.py reads latencies, cases.py lists the disagreements to read, and plan.py
compares the log with the manifest's plan.
"""
