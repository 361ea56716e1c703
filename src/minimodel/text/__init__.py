"""What does the model read, and what does it write?

prompt.py encodes a sentence as token ids and decodes the answer. edits.py defines the language of the answers: it
applies an edit to a sentence, and writes the edit that leads from one sentence to another. Training and serving use
both.
"""
