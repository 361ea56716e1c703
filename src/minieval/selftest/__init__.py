"""Does the mathematics hold on this machine?

Published values and laws, recomputed before every report. If any check fails, no report is written.
"""
