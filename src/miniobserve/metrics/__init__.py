"""Prometheus metrics: counters and histograms, gauges of state, and sharing them between processes."""
