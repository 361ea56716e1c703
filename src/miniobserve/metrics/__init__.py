"""Prometheus metrics: counters, histograms, and gauges of state.

Server processes share their metrics, so that a scrape sees all of them.
"""
