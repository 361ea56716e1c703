"""report.md: one module per section.

The sections are in the order in which somebody who has to decide reads them.
"""
