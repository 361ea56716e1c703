"""The `run` section of manifest.json: what the driver planned, sent and measured, and the policy fixed beforehand.

Everything that the judge acts on is typed and range-checked here. Facts about the environment stay free-form JSON,
because the judge only prints them.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from minieval.errors import ManifestRefused
from minieval.record.record import Strategy

Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Md5 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Ratio = Annotated[float, msgspec.Meta(gt=1)]
# From 0.5 on, the intervals at 1 - 2 alpha would have no confidence left.
Alpha = Annotated[float, msgspec.Meta(gt=0, lt=0.5)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
# A round shorter than a millisecond is not a measurement, and dividing by its duration could overflow.
Seconds = Annotated[float, msgspec.Meta(ge=0.001)]

Aim = Literal["better", "non_inferior"]
"""What B has to show."""


class Margins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much worse B may be, per gate, with the documented defaults.

    Ratios are latency of B over A, shares lie between 0 and 1, the slack is in ms.
    """

    p50_ratio: Ratio = 1.20
    p95_ratio: Ratio = 1.50
    noninferiority: Share = 0.03
    smallest_useful_gain: Share = 0.02
    latency_slack_ms: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    failure_rate: Share = 0.02
    missing_rate: Share = 0.02


class Round(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One round of load on one arm: its duration, and how many corrections and tokens it produced."""

    seconds: Seconds
    corrections: Positive
    tokens: Positive


# At least two, because an interval needs a variance between rounds.
Rounds = Annotated[tuple[Round, ...], msgspec.Meta(min_length=2)]


class Throughput(msgspec.Struct, frozen=True):
    """Each arm's rounds by its name, as the driver measured them; clients is how many requests ran at once."""

    clients: Positive
    arms: Mapping[str, Rounds]


class Block(msgspec.Struct, frozen=True):
    """Traffic under one configuration; `requests` maps each request id to the id of its item."""

    name: str
    strategy: Strategy
    config_sha: Hash
    planned: Count
    requests: Mapping[str, str]
    config: Mapping[str, object] = {}


class Run(msgspec.Struct, frozen=True):
    """What was fixed and sent; isolation, versions, git, hardware and engine are only printed."""

    seed: Count
    planned_n: Positive
    arms: Mapping[str, Hash]
    eval_set_dvc_hash: Md5
    blocks: tuple[Block, ...]
    policy: Aim = "better"
    margins: Margins = Margins()
    alpha: Alpha = 0.05
    warmup: Count = 0
    throughput: Throughput | None = None
    isolation: Mapping[str, object] = {}
    versions: Mapping[str, object] = {}
    git: Mapping[str, object] = {}
    hardware: Mapping[str, object] = {}
    engine: Mapping[str, object] = {}

    def roles(self) -> tuple[str, str]:
        """Return the names of (A, B): the arms of the shadow block, or all arms, sorted, if there is none."""
        for block in self.blocks:
            a, b = block.config.get("production_arm"), block.config.get("shadow_arm")
            if block.strategy == "shadow" and isinstance(a, str) and isinstance(b, str):
                return a, b
        first, second = sorted(self.arms)
        return first, second


class _Manifest(msgspec.Struct, frozen=True):
    schema: Literal[1]
    run: Run


def parse_manifest(text: bytes) -> Run:
    """Return the run; raises ManifestRefused naming the first key that is missing or wrong."""
    try:
        # Decode to text first: given bytes, msgspec does not check the encoding of keys that it skips.
        run = msgspec.json.decode(text.decode(), type=_Manifest).run
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ManifestRefused("manifest.json", str(error), "a manifest of schema 1 as route.py writes it") from error
    if len(run.arms) != 2:
        raise ManifestRefused("run.arms", sorted(run.arms), "exactly two arms")
    if run.throughput is not None and run.throughput.arms.keys() != run.arms.keys():
        expected = f"those of both arms, {', '.join(sorted(run.arms))}"
        raise ManifestRefused("run.throughput.arms", sorted(run.throughput.arms), expected)
    if unknown := sorted(set(run.roles()) - set(run.arms)):
        raise ManifestRefused("run.blocks[].config", unknown, f"arms from {', '.join(sorted(run.arms))}")
    planned = [request_id for block in run.blocks for request_id in block.requests]
    if len(planned) != len(set(planned)):
        raise ManifestRefused("run.blocks[].requests", "an id in two blocks", "each id in one block only")
    return run


def run_sha256(text: bytes) -> str:
    """Return the SHA-256 of the run section as canonical JSON."""
    run = json.loads(text).get("run")
    # Sorted keys and no white space, so that reformatting the file does not change the hash.
    canonical = json.dumps(run, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def recorded_analysis(text: bytes | None) -> Mapping[str, object]:
    """Return a manifest's `analysis` section, or an empty one if it cannot be read."""
    try:
        analysis = json.loads(text or b"")["analysis"]
    except (ValueError, LookupError, TypeError):
        return {}
    return analysis if isinstance(analysis, dict) else {}


def with_analysis(text: bytes, analysis: Mapping[str, object]) -> str:
    """Return the manifest with its `analysis` section replaced and everything else as it was."""
    manifest = json.loads(text)
    manifest["analysis"] = analysis
    return json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
