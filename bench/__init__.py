"""Benches: each prints a table and writes it as JSON to `results/`. Run by the recipes, from the repository's root."""
