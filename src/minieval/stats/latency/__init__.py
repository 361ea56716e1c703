"""Is B slower than A, and by how much?

Percentiles with distribution-free limits, contrasts of high quantiles, rank tests, and the shifts that go with them.
"""
