"""What B does while A's latency is measured: nothing, its work, or harm."""

from dataclasses import dataclass

from miniserve.traffic import Strategy

# B loads its model before it misbehaves, so that each start costs what a real one does (tests/faulty_worker.py).
LOADED = "loaded "


@dataclass(frozen=True)
class Condition:
    """One state of the shadow; `behaviour` is what B's process does, in the words of tests/faulty_worker.py."""

    name: str
    meaning: str
    behaviour: str | None = None

    @property
    def strategy(self) -> Strategy:
        """The routing strategy under which the condition is measured."""
        return Strategy.SINGLE if self.behaviour is None else Strategy.SHADOW


OFF = Condition("off", "no shadow: what the others are divided by")
FLOOR = Condition("off again", "no shadow, once more: the noise floor")
HEALTHY = Condition("healthy", "B answers as registered", LOADED)
FAULTS = (
    Condition("slow", "B waits 100 ms before each answer", LOADED + "answers-slowly"),
    Condition("hanging", "B never answers and wants no CPU", LOADED + "waits-for-ever"),
    Condition("raising", "B raises on every sentence", LOADED + "raises"),
    Condition("crashing", "B ends by SIGSEGV at every sentence, and is started again", LOADED + "segfaults"),
    Condition("spinning", "B never answers and computes for ever", LOADED + "spins"),
)
CONDITIONS = (OFF, FLOOR, HEALTHY, *FAULTS)
