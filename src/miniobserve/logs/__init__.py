"""Structured log lines, and the writer that puts them on stderr without blocking a request."""
