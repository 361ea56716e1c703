"""Spans: recording them, exporting them, and W3C trace context.

They go to an OTLP endpoint if one is configured, and to a bounded local file otherwise.
"""
