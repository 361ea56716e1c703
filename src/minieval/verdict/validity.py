"""Does the evidence belong together, and to this manifest: the gates that make a run invalid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minieval.grading.lookup import Matched
from minieval.manifest import Run
from minieval.record.log_facts import Context, Found, LogFacts
from minieval.stats import sample_ratio
from minieval.verdict.gates import Gate, Outcome, gate, pvalue
from minieval.verdict.plan_facts import PlanFacts
from minieval.verdict.policy import SAMPLE_RATIO_ALPHA


@dataclass(frozen=True, slots=True)
class EvalSetHashes:
    """The md5 of the eval set as found, and as the baseline and dvc.lock name it where there are such."""

    found: str
    baseline: str | None
    locked: str | None


def pinned_gates(
    run: Run, facts: LogFacts, plan: PlanFacts, matched: Matched, hashes: EvalSetHashes
) -> tuple[Gate, ...]:
    """Return the gates of identity and completeness under a manifest, in the order in which a reader wants them."""
    return (
        _eval_set(hashes, {"manifest.json": run.eval_set_dvc_hash}),
        _arms(run, facts, "the manifest's models"),
        _configurations(run, facts, plan),
        _records(facts),
        _ids(plan),
        _sentences(plan),
        _sample_ratio(run, facts),
        _planned(run, matched),
        _complete(facts),
    )


def unpinned_gates(
    run: Run, facts: LogFacts, matched: Matched, hashes: EvalSetHashes, unpinned: Sequence[str]
) -> tuple[Gate, ...]:
    """Return the same gates for a log without a manifest, as far as the log alone can answer them."""
    return (
        Gate("fixed before the run", Outcome.INCONCLUSIVE, f"nothing shows it of {', '.join(unpinned)}", "a manifest"),
        _eval_set(hashes, {}),
        _arms(run, facts, "the same models"),
        _one_configuration(facts),
        _records(facts),
        Gate(
            "request ids",
            Outcome.INCONCLUSIVE,
            f"{facts.distinct_ids} logged, sent: not known",
            "ids sent = ids logged",
        ),
        _sample_ratio(run, facts),
        _planned(run, matched),
        _complete(facts),
    )


def _eval_set(hashes: EvalSetHashes, named: Mapping[str, str]) -> Gate:
    others = {"eval_baseline.json": hashes.baseline, **named, "dvc.lock": hashes.locked}
    known = {name: value for name, value in others.items() if value is not None}
    wrong = [f"{name} names {value}" for name, value in known.items() if value != hashes.found]
    observed = f"the file is {hashes.found}" + "".join(f"; {other}" for other in wrong)
    if not known:
        return Gate("eval set", Outcome.INCONCLUSIVE, observed, "named by a baseline or a manifest")
    return gate("eval set", not wrong, observed, f"one md5 in the file, {', '.join(known)}")


def _arms(run: Run, facts: LogFacts, models: str) -> Gate:
    other = [c for c in facts.contexts if any(run.arms.get(arm) != sha for arm, sha in c.arm_shas.items())]
    observed = f"every record names {models}" if not other else _first(_together(other), "names other models")
    return gate("arms", not other, observed, ", ".join(f"{a} {sha[:12]}" for a, sha in sorted(run.arms.items())))


def _configurations(run: Run, facts: LogFacts, plan: PlanFacts) -> Gate:
    expected = ", ".join(f"block {b.name} {b.strategy} {b.config_sha[:12]}" for b in run.blocks)
    salts: dict[tuple[str, str], set[str]] = {}
    for c in facts.contexts:
        salts.setdefault((c.strategy, c.config_sha), set()).add(c.salt)
    mixed = [config for config, found in salts.items() if len(found) > 1]
    if mixed:
        return gate("configurations", False, f"{mixed[0][0]} {mixed[0][1][:12]} has several salts", expected)
    # An id that nobody planned is the id gate's business; here it may have any configuration.
    other = plan.other_block
    observed = f"{len(salts)} configurations" if not other.records else _first(other, "was routed by another one")
    return gate("configurations", not other.records, observed, expected)


def _one_configuration(facts: LogFacts) -> Gate:
    expected = "one configuration and salt per strategy"
    for strategy in ("shadow", "ab"):
        routed = {(c.config_sha, c.salt) for c in facts.contexts if c.strategy == strategy}
        if len(routed) > 1:
            named = ", ".join(sorted(f"{config[:12]} with salt {salt}" for config, salt in routed)[:3])
            return gate("configurations", False, f"{len(routed)} of {strategy}: {named}", expected)
    return gate("configurations", True, f"{len({c.config_sha for c in facts.contexts})} configurations", expected)


def _records(facts: LogFacts) -> Gate:
    twice = facts.twice
    observed = f"{facts.records} records"
    if twice.records:
        observed += f", {twice.records} ids twice, first {twice.first}"
    return gate("records", not twice.records, observed, "every record once")


def _ids(plan: PlanFacts) -> Gate:
    observed = f"{plan.sent} sent, {plan.logged} logged"
    if plan.lost or plan.strange:
        observed += f": {plan.lost} sent but not logged, {plan.strange} logged but not sent"
    return gate("request ids", not (plan.lost or plan.strange), observed, "ids sent = ids logged")


def _sentences(plan: PlanFacts) -> Gate:
    other = plan.other_item
    observed = "every request carries its item" if not other.records else _first(other, "carries another item")
    return gate("sentences", not other.records, observed, "the item that the manifest planned")


def _sample_ratio(run: Run, facts: LogFacts) -> Gate:
    (a, b), (of_a, of_b) = run.roles(), facts.split_ids
    p = sample_ratio(of_a, of_b).pvalue
    observed = f"{of_a} ids on {a}, {of_b} on {b}, exact p {pvalue(p)}"
    return gate("sample ratio", p >= SAMPLE_RATIO_ALPHA, observed, f"p at least {SAMPLE_RATIO_ALPHA:g}")


def _planned(run: Run, matched: Matched) -> Gate:
    # Repeats of an item are one observation of it, so n counts items.
    observed = f"{matched.gradable} distinct items in gradable pairs"
    return gate("planned pairs", matched.gradable >= run.planned_n, observed, f"at least {run.planned_n}")


def _complete(facts: LogFacts) -> Gate:
    return gate("complete pairs", facts.complete > 0, f"{facts.complete} of {facts.pairs}", "at least 1")


def _together(contexts: Sequence[Context]) -> Found:
    return Found(sum(c.records for c in contexts), contexts[0].first)


def _first(found: Found, what: str) -> str:
    return f"{found.records} records; the first, {found.first}, {what}"
