"""The noise floor: what the same measurement gives when B is A itself, from the report of an A/A run."""

from dataclasses import dataclass

from minieval.report.notation import ratio
from minieval.stats.results import OpenInterval


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """An A/A run of the same model under the same grader, named by the hash of its report.json.

    differing: the number of pairs whose answers differ; 0 if decoding is greedy. The ratios are latency of A over A,
    on the machine of this run if same_machine. A B whose ratio lies within their intervals is indistinguishable from A.
    """

    report_sha256: str
    model_sha: str
    pairs: int
    differing: int
    requests_a: int
    requests_b: int
    p50_ratio: OpenInterval
    p95_ratio: OpenInterval
    same_machine: bool


def noise_sentence(noise: NoiseFloor | str | None) -> str:
    """Return the noise floor as a sentence; if given text, use it as the reason why there is none."""
    if not isinstance(noise, NoiseFloor):
        return f"not measured ({noise or 'unknown'})."
    machine = "on the same kind of machine" if noise.same_machine else "on another kind of machine"
    return (
        f"A against itself, {machine}, gave {noise.differing} disagreements in {noise.pairs} pairs and latency ratios "
        f"of {ratio(noise.p50_ratio)} (p50) and {ratio(noise.p95_ratio)} (p95) "
        f"from {noise.requests_a} and {noise.requests_b} requests."
    )
