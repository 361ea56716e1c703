"""How is a log of records read?

files.py opens and hashes plain and gzipped files. reader.py checks every line and fills a database on disk (table.py),
so that a large log costs time but not memory. facts.py collects what the log shows before grading.
"""
