"""The judge: items, grading, statistics, pairing, decision and rendering; knows nothing of the server."""
