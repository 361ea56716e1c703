"""What is a model on disk, and which model is it?

A bundle is a folder named by its canonical SHA: bundle.py reads it once and checks it, canonical.py defines what the
SHA covers. registry.py reads registry.json, which gives bundles versions and names the one in production.
"""
