"""What is a model on disk, and which one is it?

A bundle is a folder named by its canonical SHA. The registry gives bundles versions and says which one is in
production; weights.py checks shapes and merges an adapter into its base.
"""
