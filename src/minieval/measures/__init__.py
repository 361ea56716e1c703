"""What do the graded answers show, section by section?

Quality, slices, disagreement, latency, missing pairs and cost: each module turns observations into the numbers of one
section of the report. Nothing is decided here; that is the job of verdict/.
"""
