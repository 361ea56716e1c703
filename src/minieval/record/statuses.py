"""How an arm's run on a request can end, and what each status says about the arm."""

from typing import Final, Literal, get_args

Status = Literal["ok", "bad_output", "error", "timeout", "cancelled", "dropped", "interrupted"]
STATUSES: Final[tuple[str, ...]] = get_args(Status)

OK: Final = "ok"
FAILED: Final = frozenset({"error", "timeout", "bad_output"})
"""The arm had its chance: its answer counts as wrong, and its latency as longer than that of any answer."""
MISSING: Final = frozenset({"dropped", "cancelled", "interrupted"})
"""The arm had no chance: nothing is known about its answer."""
