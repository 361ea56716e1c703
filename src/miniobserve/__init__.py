"""Logs, metrics and traces, sliced by `traffic.arm`. Imports none of our packages."""
