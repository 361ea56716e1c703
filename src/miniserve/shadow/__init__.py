"""What happens to B while A answers, and what happens when B hangs, crashes or lies?

A shadow is a bounded queue around any arm. Each run ends in exactly one outcome, is never awaited by a request, and
never raises into one. The breaker decides when an arm whose process keeps dying may start again.
"""
