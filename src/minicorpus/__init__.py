"""The domain: which verb forms are right, which mistakes do learners make, and what do sentences with them look like?

grid.py has the forms and mistakes.py the mistakes; sentences/ builds sentences from vocabulary/, and explanation/
explains corrections. corpus.py generates the training text and evalset.py the eval set; split.py keeps the two apart.
"""
