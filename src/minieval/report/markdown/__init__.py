"""report.md: one module per section.

The sections are in the order in which a decision-maker reads them.
"""
