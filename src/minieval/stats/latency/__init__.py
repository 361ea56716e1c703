"""Is B slower than A, and by how much?

Percentiles with distribution-free limits, ratios and shifts of high quantiles, rank tests, and location shifts.
"""
