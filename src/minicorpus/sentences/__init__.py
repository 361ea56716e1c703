"""How is an example sentence built?

example.py fills a frame (frames.py) for one cell of the grid with a subject, the verb's complement (complements.py) and
a time (times.py), adds clauses around it (clauses.py), and puts a mistake in.
"""
