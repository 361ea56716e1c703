"""Structured log lines, and a writer to stderr that never blocks a request."""
