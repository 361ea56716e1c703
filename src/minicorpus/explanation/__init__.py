"""Why is a form wrong? The explanation that a correction carries, from the canonical table."""
