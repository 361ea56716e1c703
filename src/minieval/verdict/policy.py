"""What was fixed before the run: which question is asked, the margins, alpha and the planned n."""

from dataclasses import dataclass
from typing import Literal

Aim = Literal["better", "non_inferior"]

SAMPLE_RATIO_ALPHA = 0.001
"""Below this p-value a split is broken: strict, because a false alarm throws the whole run away."""


@dataclass(frozen=True, slots=True)
class Margins:
    """How much worse B may be, per gate; ratios are B over A, shares between 0 and 1, slack in ms."""

    p50_ratio: float = 1.20
    p95_ratio: float = 1.50
    noninferiority: float = 0.03
    smallest_useful_gain: float = 0.02
    latency_slack_ms: float = 0.0
    failure_rate: float = 0.02
    missing_rate: float = 0.02


@dataclass(frozen=True, slots=True)
class Policy:
    """The rule a run is judged by; alpha is the chance of a false promotion that is accepted."""

    aim: Aim
    alpha: float
    planned_n: int
    margins: Margins
