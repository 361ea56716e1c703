"""report.json: the whole report as one typed document. All its numbers are rounded here."""

import json
import math

import msgspec

from minieval.analysis import Analysis, LatencySection, QualitySection
from minieval.errors import UnusableNumbers
from minieval.measures.cost import Cost
from minieval.measures.disagreement import Disagreement
from minieval.measures.missing import Missing
from minieval.measures.slices import BucketFamily
from minieval.report.identity import Identity
from minieval.report.noise import NoiseFloor
from minieval.verdict.decision import Decision
from minieval.verdict.gates import Gate
from minieval.verdict.verdict import Verdict

# Increase it when a key is renamed or removed, or changes its meaning. A new key only needs the schema regenerated.
SCHEMA = 2
DIGITS = 12


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document. Differences are B minus A, ratios B over A, shares 0 to 1, times in milliseconds.

    The sections are null if the verdict is invalid, cost is null if no throughput was measured, and identity is null if
    not even the manifest could be read. If the noise floor is null, noise_floor_missing says why.
    A percentile's rank is null if n cannot bound it; its value is null if it lies among failed requests.
    """

    schema: int
    verdict: Verdict
    label: str
    exit_code: int
    reasons: tuple[str, ...]
    next_steps: tuple[str, ...]
    gates: tuple[Gate, ...]
    quality: QualitySection | None
    buckets: tuple[BucketFamily, ...] | None
    latency: LatencySection | None
    disagreement: Disagreement | None
    missing: Missing | None
    cost: Cost | None
    noise_floor: NoiseFloor | None
    noise_floor_missing: str | None
    identity: Identity | None


def make_report(
    decision: Decision,
    identity: Identity | None,
    analysis: Analysis | None = None,
    noise_floor: NoiseFloor | str = "the evidence is invalid",
) -> Report:
    """Return the document; without an analysis only the verdict, its gates and the identity.

    If the noise floor is text, it is the reason why there is none.
    """
    return Report(
        schema=SCHEMA,
        verdict=decision.verdict,
        label=decision.label,
        exit_code=decision.exit_code,
        reasons=decision.reasons,
        next_steps=decision.next_steps,
        gates=decision.gates,
        quality=None if analysis is None else analysis.quality,
        buckets=None if analysis is None else analysis.buckets,
        latency=None if analysis is None else analysis.latency,
        disagreement=None if analysis is None else analysis.disagreement,
        missing=None if analysis is None else analysis.missing,
        cost=None if analysis is None else analysis.cost,
        noise_floor=None if isinstance(noise_floor, str) else noise_floor,
        noise_floor_missing=noise_floor if isinstance(noise_floor, str) else None,
        identity=identity,
    )


def to_json(report: Report) -> str:
    """Return the document as indented JSON; the same report gives the same bytes on every machine."""
    plain = _rounded(msgspec.to_builtins(report))
    return json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str | bytes) -> Report:
    """Read a document back; raises msgspec.ValidationError naming the first path that is not valid."""
    return msgspec.json.decode(text, type=Report)


def _rounded(value: object) -> object:
    # JSON has no NaN or infinity; a statistic that could be either must use null instead.
    if isinstance(value, float):
        if not math.isfinite(value):
            raise UnusableNumbers("number of the report", value, "a finite number")
        # The last digits of a float may differ between machines; the first twelve do not.
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(entry) for entry in value]
    return value
