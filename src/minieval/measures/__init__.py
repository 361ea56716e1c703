"""What do the graded answers say, section by section?

Quality, slices, disagreement, latency, missing pairs and cost: each module turns observations into the numbers of one
section of the report. No module decides anything; that is the verdict's.
"""
