"""When a process that keeps dying may be started again: exponential back-off, then an open circuit.

Pure: times are seconds of a monotonic clock, handed in.
"""

from dataclasses import dataclass, replace
from typing import Literal

FIRST_DELAY_S = 0.05
OPEN_AFTER = 5
FIRST_OPEN_S = 10.0
LONGEST_OPEN_S = 300.0


@dataclass(frozen=True)
class Breaker:
    """Failures in a row, and until when no start is allowed.

    Closed below OPEN_AFTER failures: each doubles the delay. Open from then on: one trial start when the time is
    up (half-open); its failure doubles the time, a success closes the circuit.
    """

    failures: int = 0
    not_before: float = 0.0

    def failed(self, now: float) -> "Breaker":
        """Return the breaker after one more failure."""
        failures = self.failures + 1
        if failures < OPEN_AFTER:
            delay = FIRST_DELAY_S * 2 ** (failures - 1)
        else:
            delay = min(FIRST_OPEN_S * 2 ** (failures - OPEN_AFTER), LONGEST_OPEN_S)
        return replace(self, failures=failures, not_before=now + delay)

    def succeeded(self) -> "Breaker":
        """Return the closed breaker."""
        return Breaker()

    def delay(self, now: float) -> float:
        """Return the seconds until a start is allowed, 0 when it is."""
        return max(0.0, self.not_before - now)

    def state(self, now: float) -> Literal["closed", "open", "half_open"]:
        """Return the circuit's state, in the field's words."""
        if self.failures < OPEN_AFTER:
            return "closed"
        return "open" if now < self.not_before else "half_open"
