"""Reads the noise floor from the report.json of an A/A run, and refuses a report that does not fit."""

import msgspec

from minieval.errors import EvidenceMismatch, InputRefused
from minieval.files import sha256_of
from minieval.grading.identity import same_grades
from minieval.report.document import from_json
from minieval.report.identity import Identity
from minieval.report.noise import NoiseFloor

NAME = "the A/A run's report.json"


def read_noise_floor(content: bytes, identity: Identity) -> NoiseFloor:
    """Return the noise floor for the run with this identity.

    Raises InputRefused if the content is not a valid report of an A/A run, EvidenceMismatch if that run used another
    model or another grader.
    """
    try:
        report = from_json(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputRefused(NAME, str(error), "a report.json of this version") from error
    found = report.identity
    if found is None or report.latency is None or report.disagreement is None:
        raise InputRefused(NAME, report.verdict.value, "a report on valid evidence")
    served, comparison = report.latency.served, report.latency.served.comparison
    if comparison is None:
        raise InputRefused(NAME, "without latency", "one in which both arms served")
    models = {arm.sha for arm in found.arms}
    if len(models) != 1:
        raise EvidenceMismatch("the A/A run", f"of models {', '.join(sorted(models))}", "one model against itself")
    # The noise floor must come from this run's A and this run's grader; any other says nothing about this run.
    (model,) = models
    production = identity.arms[0].sha
    if model != production:
        raise EvidenceMismatch("model of the A/A run", model, f"{production}, the A of this run")
    if not same_grades(found.grader_sha, identity.grader_sha):
        raise EvidenceMismatch("grader of the A/A run", found.grader_sha, f"{identity.grader_sha}, that of this run")
    return NoiseFloor(
        report_sha256=sha256_of(content),
        model_sha=model,
        pairs=report.disagreement.pairs,
        differing=report.disagreement.differing,
        requests_a=served.a.n,
        requests_b=served.b.n,
        p50_ratio=comparison.p50.ratio,
        p95_ratio=comparison.p95.ratio,
        same_machine=found.hardware == identity.hardware,
    )
