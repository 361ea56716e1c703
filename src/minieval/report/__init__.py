"""How is the verdict presented?

document.py defines the report as one typed value, which report.json contains. markdown/, html/ and figures/ render it,
and terminal.py prints a summary. Text from users or models is escaped for each format (untrusted.py).
"""
