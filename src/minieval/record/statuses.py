"""How an arm's run on a request can end, and what each end says of the arm."""

from typing import Final

OK: Final = "ok"
FAILED: Final = frozenset({"error", "timeout", "bad_output"})
"""The arm had its chance: its answer counts as wrong, its latency as beyond every other."""
MISSING: Final = frozenset({"dropped", "cancelled", "interrupted"})
"""The arm had no chance: nothing is known about its answer."""
STATUSES: Final = (OK, *sorted(FAILED), *sorted(MISSING))
