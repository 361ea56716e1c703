"""May B replace A? The judge reads traffic logs, grades the answers and reaches a verdict.

record/ reads the log, grading/ grades answers, measures/ compares the arms using the mathematics in stats/, verdict/
applies the policy, and report/ presents the result. selftest/ checks the mathematics before each report. The judge does
not depend on the server.
"""
