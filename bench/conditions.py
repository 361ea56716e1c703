"""The conditions under which A's latency is measured: no B, a healthy B, and every kind of faulty B."""

from dataclasses import dataclass

from miniserve.traffic import Strategy

# B loads its model before it misbehaves, so that every start has a realistic cost (tests/faulty_worker.py).
LOADED = "loaded "


@dataclass(frozen=True)
class Condition:
    """One state of the shadow. `behaviour` is an argument of tests/faulty_worker.py, or None for no shadow."""

    name: str
    meaning: str
    behaviour: str | None = None

    @property
    def strategy(self) -> Strategy:
        """The routing strategy under which the condition is measured."""
        return Strategy.SINGLE if self.behaviour is None else Strategy.SHADOW


OFF = Condition("off", "no shadow: the reference of all ratios")
FLOOR = Condition("off again", "no shadow, a second time: the noise floor")
HEALTHY = Condition("healthy", "B answers as registered", LOADED)
FAULTS = (
    Condition("slow", "B waits 100 ms before each answer", LOADED + "answers-slowly"),
    Condition("hanging", "B never answers and uses no CPU", LOADED + "waits-for-ever"),
    Condition("raising", "B raises on every sentence", LOADED + "raises"),
    Condition("crashing", "B dies of SIGSEGV on every sentence and is restarted", LOADED + "segfaults"),
    Condition("spinning", "B never answers and computes for ever", LOADED + "spins"),
)
CONDITIONS = (OFF, FLOOR, HEALTHY, *FAULTS)
