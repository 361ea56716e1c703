"""What is a model here, how is it made, and how does it answer?

bundles/ is a model on disk and its identity, text/ is the format of prompts and answers that training and serving
share, training/ makes models and inference/ runs them. small_files.py reads and replaces files that others may change,
such as the registry; the server uses it, too.
"""
