"""An arm: a named variant that answers prompts. Defines the protocol, an answer, and which texts count as one."""

from dataclasses import dataclass
from typing import Literal, Protocol

from miniserve.errors import BadOutput

# Four times the longest sentence, so no real correction comes near it. It bounds the lines of the log.
MAX_ANSWER_CHARS = 2_000
Circuit = Literal["closed", "open", "half_open"]


@dataclass(frozen=True)
class Answer:
    """An arm's answer: the text, whether its edit applied, and the number of tokens generated.

    An arm in a worker process also reports the milliseconds of service and of CPU time that the answer took there.
    For any other arm, the caller measures the time.
    """

    text: str
    edit_applied: bool
    tokens: int
    service_ms: float | None = None
    cpu_ms: float | None = None


@dataclass(frozen=True)
class ArmState:
    """Whether an arm accepts prompts, and the process it runs in.

    `starts` counts the processes so far; `circuit` is open while a process that kept dying may not be restarted.
    """

    up: bool
    pid: int | None
    engine: str | None
    starts: int = 1
    circuit: Circuit = "closed"
    last_failure: str | None = None


class Arm(Protocol):
    """A variant bound to a model SHA; it can serve or shadow."""

    @property
    def sha(self) -> str:
        """The model's canonical SHA."""

    @property
    def state(self) -> ArmState:
        """Whether the arm accepts prompts, and where it runs."""

    def start(self) -> None:
        """Start loading, if the arm is not loaded; returns at once. Called once."""

    def excess_tokens(self, prompt: str) -> tuple[int, int] | None:
        """Return (tokens, limit) if the prompt has more tokens than the model takes, else None."""

    async def infer(self, prompt: str, timeout_s: float) -> Answer:
        """Answer the prompt; raises ArmTimeout after timeout_s seconds of running, another ArmError on a failure.

        The arm enforces the deadline itself, because only it knows when it began to run.
        """

    async def close(self) -> None:
        """Release what the arm holds; it accepts no prompts afterwards."""


def usable_text(text: object) -> str:
    """Return the text if it can be an answer.

    Raises BadOutput if it is not a string, empty, too long, or not valid UTF-8.
    """
    if not isinstance(text, str):
        raise BadOutput(f"{type(text).__name__} instead of text")
    if not text.strip():
        raise BadOutput("an empty answer")
    if len(text) > MAX_ANSWER_CHARS:
        raise BadOutput(f"{len(text)} characters: expected at most {MAX_ANSWER_CHARS}")
    # A lone surrogate can be in a Python string, but not in the log's UTF-8.
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadOutput("text that is not valid UTF-8") from None
    return text
