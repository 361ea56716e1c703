"""How hypothesis runs: without a deadline, for the first call of a statistic loads its library."""

from hypothesis import settings

settings.register_profile("judge", deadline=None)
settings.load_profile("judge")
