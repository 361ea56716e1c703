"""How does a sentence become a correction?

The prompter encodes the sentence, the engine (CTranslate2) generates an edit, and edits.py applies it. conversion.py
turns a bundle's weights into the engine's format.
"""
