"""The figures of the report, as SVG text: a forest plot of the slices, and the distributions of latency.

They are drawn without a plotting library: matplotlib would add 90 MB to the environment.
"""
