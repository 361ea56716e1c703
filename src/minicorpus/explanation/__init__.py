"""Why is a form wrong?

explain.py compares a sentence with its correction, finds the cell of the grid that changed (clause_reading.py finds the
subject, with noun_phrases.py and function_words.py) and fills in the rule from rules.py, in English or Spanish.
"""
