"""How is a log of records read?

files.py opens plain and gzipped files and hashes them; reader.py checks every line and fills a database on disk
(table.py), so that size costs time and not memory; facts.py says what the log says of itself.
"""
