"""May B replace A? From the numbers to promote, hold, retrain or invalid.

The policy is what was fixed beforehand. Each gate asks one question with its numbers and threshold; the decision takes
the gates in a fixed order; the next steps say what would settle what is open.
"""
