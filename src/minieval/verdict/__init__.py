"""May B replace A? Turns the numbers into promote, hold, retrain or invalid.

The policy is fixed before the run. Each gate answers one question and shows its numbers and threshold. The decision
takes the gates in a fixed order, and the next steps say what would settle an open question.
"""

from minieval.verdict.decision import Decision, Evidence, decide, invalid
from minieval.verdict.gates import Gate, GateId, Outcome, gate
from minieval.verdict.latency_gates import latency_gates
from minieval.verdict.policy import Policy, policy_of
from minieval.verdict.quality_gates import Assessment, QualityCall, call_quality
from minieval.verdict.verdict import EXIT_CODES, USAGE_EXIT_CODE, Verdict

__all__ = [
    "EXIT_CODES",
    "USAGE_EXIT_CODE",
    "Assessment",
    "Decision",
    "Evidence",
    "Gate",
    "GateId",
    "Outcome",
    "Policy",
    "QualityCall",
    "Verdict",
    "call_quality",
    "decide",
    "gate",
    "invalid",
    "latency_gates",
    "policy_of",
]
