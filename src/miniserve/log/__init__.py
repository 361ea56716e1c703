"""Does every answered request have exactly one line, even after kill -9?

The traffic log appends records; the journal holds what the log would lack if the process died now; the ledger keeps
the two consistent. tail.py follows a growing log, and audit.py checks a log against the ids that were sent.
"""
