"""Which words are sentences made of, and which of them does training never see?

words.py lists the content words by side of the split, fresh.py is the final held-out set, invented.py makes up words
that do not exist, and phrases.py draws noun phrases from all of them.
"""
