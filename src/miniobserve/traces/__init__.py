"""Spans: recording them, sending them by OTLP or into a local file, and W3C trace context."""
