"""Are the statistics correct on this machine?

Published values and laws are recomputed before every report. If any check fails, nothing is judged.
"""
