"""The inputs of a judgement, as the command read them."""

from dataclasses import dataclass
from pathlib import Path

from minieval.grading.grader import Grader
from minieval.measures.cost import DEFAULT_RATE_USD_PER_HOUR
from minieval.rules import DEFAULT_RULES, Rules


@dataclass(frozen=True)
class Inputs:
    """The log's files in order, the bytes of everything else, and the grader.

    rules apply if there is no manifest. Without a baseline, nothing pins the grader and the eval set. aa is the
    report.json of an A/A run, rate_usd_per_hour the price of the machine.
    """

    logs: tuple[Path, ...]
    eval_set: bytes
    grader: Grader
    manifest: bytes | None
    baseline: bytes | None
    dvc_lock_md5: str | None = None
    rules: Rules = DEFAULT_RULES
    rate_usd_per_hour: float = DEFAULT_RATE_USD_PER_HOUR
    aa: bytes | None = None

    def unpinned(self) -> tuple[str, ...]:
        """Return what cannot be shown to have been fixed before the run."""
        by_manifest = ("models", "ids sent", "policy", "alpha", "margins", "planned n", "seed")
        return (
            *(by_manifest if self.manifest is None else ()),
            *(("grader",) if self.baseline is None else ()),
            *(("eval set",) if self.manifest is None and self.baseline is None else ()),
        )
