"""When a process that keeps dying may be restarted: exponential back-off, then an open circuit.

Pure: the caller passes in seconds of a monotonic clock.
"""

from dataclasses import dataclass, replace
from typing import Literal

# The first four delays, 0.05 to 0.4 s, cover a crash by chance. After the fifth failure B itself is suspect.
FIRST_DELAY_S = 0.05
OPEN_AFTER = 5
FIRST_OPEN_S = 10.0
LONGEST_OPEN_S = 300.0


@dataclass(frozen=True)
class Breaker:
    """The number of failures in a row, and the time before which no start is allowed.

    Below OPEN_AFTER failures the circuit is closed, and each failure doubles the delay. From then on it is open: one
    trial start is allowed when the time is up (half-open). A failed trial doubles the time, a success closes the
    circuit.
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
        """Return the seconds until a start is allowed, 0 if it is allowed now."""
        return max(0.0, self.not_before - now)

    def state(self, now: float) -> Literal["closed", "open", "half_open"]:
        """Return the state of the circuit."""
        if self.failures < OPEN_AFTER:
            return "closed"
        return "open" if now < self.not_before else "half_open"
