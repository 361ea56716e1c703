"""Does the evidence belong together, and to this manifest: the gates that make a run invalid."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from minieval.errors import GraderDrift
from minieval.evalset import EvalSet
from minieval.gates import Gate, gate, pvalue
from minieval.manifest import Block, Run
from minieval.observation import MISSING, Observation
from minieval.policy import SAMPLE_RATIO_ALPHA
from minieval.stats import sample_ratio


@dataclass(frozen=True, slots=True)
class EvalSetHashes:
    """The md5 of the eval set as found, as the baseline names it, and as dvc.lock does where there is one."""

    found: str
    baseline: str
    locked: str | None


def require_grader(in_use: str, expected: str) -> None:
    """Raise GraderDrift unless the grader in use is the one that the baseline names."""
    if in_use != expected:
        raise GraderDrift(in_use, expected)


def validity_gates(
    run: Run,
    observations: Sequence[Observation],
    items: EvalSet,
    hashes: EvalSetHashes,
) -> tuple[Gate, ...]:
    """Return the gates of identity and completeness, in the order in which a reader wants them."""
    return (
        _eval_set(run, hashes),
        _arms(run, observations),
        _configurations(run, observations),
        _records(observations),
        _ids(run, observations),
        _sentences(run, observations, items),
        _sample_ratio(run, observations),
        _planned(run, observations, items),
        _complete(observations),
    )


def _eval_set(run: Run, hashes: EvalSetHashes) -> Gate:
    named = {"eval_baseline.json": hashes.baseline, "manifest.json": run.eval_set_dvc_hash}
    if hashes.locked is not None:
        named["dvc.lock"] = hashes.locked
    others = [f"{name} names {value}" for name, value in named.items() if value != hashes.found]
    observed = f"the file is {hashes.found}" + "".join(f"; {other}" for other in others)
    return gate("eval set", not others, observed, f"one md5 in the file, {', '.join(named)}")


def _arms(run: Run, observations: Sequence[Observation]) -> Gate:
    other = [o for o in observations if any(run.arms.get(arm) != sha for arm, sha in o.arm_shas.items())]
    observed = "every record names the manifest's models" if not other else _first(other, "names other models")
    return gate("arms", not other, observed, ", ".join(f"{a} {sha[:12]}" for a, sha in sorted(run.arms.items())))


def _configurations(run: Run, observations: Sequence[Observation]) -> Gate:
    blocks = _blocks(run)
    other = [o for o in observations if not _of_block(o, blocks.get(o.request_id))]
    salts = {(o.strategy, o.config_sha): set[str]() for o in observations}
    for o in observations:
        salts[o.strategy, o.config_sha].add(o.salt)
    mixed = [config for config, found in salts.items() if len(found) > 1]
    expected = ", ".join(f"block {b.name} {b.strategy} {b.config_sha[:12]}" for b in run.blocks)
    if mixed:
        return gate("configurations", False, f"{mixed[0][0]} {mixed[0][1][:12]} has several salts", expected)
    observed = f"{len(salts)} configurations" if not other else _first(other, "was routed by another one")
    return gate("configurations", not other, observed, expected)


def _records(observations: Sequence[Observation]) -> Gate:
    twice = [record for record, n in Counter(o.record_id for o in observations).items() if n > 1]
    observed = f"{len(observations)} records" + (f", {len(twice)} ids twice, first {twice[0]}" if twice else "")
    return gate("records", not twice, observed, "every record once")


def _ids(run: Run, observations: Sequence[Observation]) -> Gate:
    sent, logged = set(_blocks(run)), {o.request_id for o in observations}
    lost, strange = len(sent - logged), len(logged - sent)
    observed = f"{len(sent)} sent, {len(logged)} logged"
    if lost or strange:
        observed += f": {lost} sent but not logged, {strange} logged but not sent"
    return gate("request ids", not (lost or strange), observed, "ids sent = ids logged")


def _sentences(run: Run, observations: Sequence[Observation], items: EvalSet) -> Gate:
    planned = {request: item for block in run.blocks for request, item in block.requests.items()}
    other = [
        o
        for o in observations
        if o.request_id in planned
        and (item := items.get(o.sentence.strip())) is not None
        and item.id != planned[o.request_id]
    ]
    observed = "every request carries its item" if not other else _first(other, "carries another item")
    return gate("sentences", not other, observed, "the item that the manifest planned")


def _sample_ratio(run: Run, observations: Sequence[Observation]) -> Gate:
    a, b = run.roles()
    ids = {
        arm: {o.request_id for o in observations if o.strategy == "ab" and o.production_arm == arm} for arm in (a, b)
    }
    p = sample_ratio(len(ids[a]), len(ids[b])).pvalue
    observed = f"{len(ids[a])} ids on {a}, {len(ids[b])} on {b}, exact p {pvalue(p)}"
    return gate("sample ratio", p >= SAMPLE_RATIO_ALPHA, observed, f"p at least {SAMPLE_RATIO_ALPHA:g}")


def _planned(run: Run, observations: Sequence[Observation], items: EvalSet) -> Gate:
    # Repeats of an item are one observation of it, so n counts items.
    found = {o.sentence.strip() for o in observations if o.shadow_arm is not None} & items.keys()
    observed = f"{len(found)} distinct items in gradable pairs"
    return gate("planned pairs", len(found) >= run.planned_n, observed, f"at least {run.planned_n}")


def _complete(observations: Sequence[Observation]) -> Gate:
    pairs = [o for o in observations if o.shadow_arm is not None]
    complete = sum(all(answer.status not in MISSING for answer in o.answers.values()) for o in pairs)
    return gate("complete pairs", complete > 0, f"{complete} of {len(pairs)}", "at least 1")


def _blocks(run: Run) -> dict[str, Block]:
    return {request: block for block in run.blocks for request in block.requests}


def _of_block(observation: Observation, block: Block | None) -> bool:
    # An id that nobody planned is the id gate's business; here it may have any configuration of the manifest.
    return block is None or (observation.strategy, observation.config_sha) == (block.strategy, block.config_sha)


def _first(observations: Sequence[Observation], what: str) -> str:
    return f"{len(observations)} records; the first, {observations[0].record_id}, {what}"
