"""The policy for judging a run, fixed before the run: the aim, alpha, the planned n and the margins."""

from dataclasses import dataclass

from minieval.manifest import Aim, Margins, Run


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy; alpha is the accepted probability of promoting a B that should not be promoted."""

    aim: Aim
    alpha: float
    planned_n: int
    margins: Margins


def policy_of(run: Run) -> Policy:
    """Return the policy that was fixed for a run."""
    return Policy(run.policy, run.alpha, run.planned_n, run.margins)
