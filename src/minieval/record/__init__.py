"""What is a traffic record, and how is a log of them read?

The record is defined here, once: the server writes it, and the judge reads it. The JSON Schema, the columns of the
judge's database, statuses, strategies, limits and the rules for torn lines all derive from this definition.
"""
