"""How does a sentence become a correction?

weights.py takes the tensors out of a bundle and merges an adapter into its base; conversion.py writes them in the
format of CTranslate2; the engine then encodes a sentence, generates an edit and applies it (see minimodel.text).
"""
