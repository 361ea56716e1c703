"""How is the verdict told?

document.py is the report as one typed value, which report.json holds; markdown/, html/ and figures/ render it, and
terminal.py prints the summary. Text that users or models wrote is escaped per format (untrusted.py).
"""
