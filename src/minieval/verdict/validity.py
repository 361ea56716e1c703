"""The gates that make a run invalid: is the evidence consistent, and does it match its manifest?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minieval.manifest import Run
from minieval.measures.observed.plan import PlanFacts
from minieval.record.log.facts import Context, Found, LogFacts
from minieval.stats import SAMPLE_RATIO_ALPHA, sample_ratio
from minieval.verdict.gates import Gate, GateId, Outcome, gate, pvalue


@dataclass(frozen=True, slots=True)
class EvalSetHashes:
    """The md5 of the eval set file, and the md5 that the baseline and dvc.lock record, if they are given."""

    found: str
    baseline: str | None
    locked: str | None


def pinned_gates(
    run: Run, facts: LogFacts, plan: PlanFacts, items_in_pairs: int, hashes: EvalSetHashes
) -> tuple[Gate, ...]:
    """Return the gates on identity and completeness of a run with a manifest, in the order of the report."""
    return (
        _eval_set(hashes, {"manifest.json": run.eval_set_dvc_hash}),
        _arms(run, facts, "the manifest's models"),
        _configurations(run, facts, plan),
        _records(facts),
        _ids(plan),
        _sentences(plan),
        _sample_ratio(run, facts),
        _planned(run, items_in_pairs),
        _complete(facts),
    )


def unpinned_gates(
    run: Run, facts: LogFacts, items_in_pairs: int, hashes: EvalSetHashes, unpinned: Sequence[str]
) -> tuple[Gate, ...]:
    """Return the same gates for a log without a manifest, where the log alone can answer them."""
    return (
        Gate(
            GateId.FIXED_BEFORE_THE_RUN,
            Outcome.INCONCLUSIVE,
            f"nothing shows it of {', '.join(unpinned)}",
            "a manifest",
        ),
        _eval_set(hashes, {}),
        _arms(run, facts, "the same models"),
        _one_configuration(facts),
        _records(facts),
        Gate(
            GateId.REQUEST_IDS,
            Outcome.INCONCLUSIVE,
            f"{facts.distinct_ids} logged, sent: not known",
            "ids sent = ids logged",
        ),
        _sample_ratio(run, facts),
        _planned(run, items_in_pairs),
        _complete(facts),
    )


def _eval_set(hashes: EvalSetHashes, named: Mapping[str, str]) -> Gate:
    others = {"eval_baseline.json": hashes.baseline, **named, "dvc.lock": hashes.locked}
    known = {name: value for name, value in others.items() if value is not None}
    # Each is compared with the file itself, so that the message names the one that differs.
    wrong = [f"{name} names {value}" for name, value in known.items() if value != hashes.found]
    observed = f"the file is {hashes.found}" + "".join(f"; {other}" for other in wrong)
    if not known:
        return Gate(GateId.EVAL_SET, Outcome.INCONCLUSIVE, observed, "named by a baseline or a manifest")
    return gate(GateId.EVAL_SET, not wrong, observed, f"one md5 in the file, {', '.join(known)}")


def _arms(run: Run, facts: LogFacts, models: str) -> Gate:
    other = [c for c in facts.contexts if any(run.arms.get(arm) != sha for arm, sha in c.arm_shas.items())]
    observed = f"every record names {models}" if not other else _first(_together(other), "names other models")
    return gate(GateId.ARMS, not other, observed, ", ".join(f"{a} {sha[:12]}" for a, sha in sorted(run.arms.items())))


def _configurations(run: Run, facts: LogFacts, plan: PlanFacts) -> Gate:
    expected = ", ".join(f"block {b.name} {b.strategy} {b.config_sha[:12]}" for b in run.blocks)
    # Under two salts the same user may be assigned to either arm.
    salts: dict[tuple[str, str], set[str]] = {}
    for c in facts.contexts:
        salts.setdefault((c.strategy, c.config_sha), set()).add(c.salt)
    mixed = [config for config, found in salts.items() if len(found) > 1]
    if mixed:
        return gate(GateId.CONFIGURATIONS, False, f"{mixed[0][0]} {mixed[0][1][:12]} has several salts", expected)
    # Only planned ids count here; the gate on request ids reports the unplanned ones.
    other = plan.other_block
    observed = f"{len(salts)} configurations" if not other.records else _first(other, "was routed by another one")
    return gate(GateId.CONFIGURATIONS, not other.records, observed, expected)


def _one_configuration(facts: LogFacts) -> Gate:
    expected = "one configuration and salt per strategy"
    # Two salts or configurations assign users differently, and the pooled split would follow neither.
    for strategy in ("shadow", "ab"):
        routed = {(c.config_sha, c.salt) for c in facts.contexts if c.strategy == strategy}
        if len(routed) > 1:
            named = ", ".join(sorted(f"{config[:12]} with salt {salt}" for config, salt in routed)[:3])
            return gate(GateId.CONFIGURATIONS, False, f"{len(routed)} of {strategy}: {named}", expected)
    return gate(GateId.CONFIGURATIONS, True, f"{len({c.config_sha for c in facts.contexts})} configurations", expected)


def _records(facts: LogFacts) -> Gate:
    twice = facts.twice
    observed = f"{facts.records} records"
    if twice.records:
        observed += f", {twice.records} ids twice, first {twice.first}"
    return gate(GateId.RECORDS, not twice.records, observed, "every record once")


def _ids(plan: PlanFacts) -> Gate:
    observed = f"{plan.sent} sent, {plan.logged} logged"
    if plan.unlogged or plan.unplanned:
        observed += f": {plan.unlogged} sent but not logged, {plan.unplanned} logged but not sent"
    return gate(GateId.REQUEST_IDS, not (plan.unlogged or plan.unplanned), observed, "ids sent = ids logged")


def _sentences(plan: PlanFacts) -> Gate:
    other = plan.other_item
    observed = "every request carries its item" if not other.records else _first(other, "carries another item")
    return gate(GateId.SENTENCES, not other.records, observed, "the item that the manifest planned")


def _sample_ratio(run: Run, facts: LogFacts) -> Gate:
    # Distinct ids rather than records: a client that retries would otherwise look like a broken split.
    (a, b), (of_a, of_b) = run.roles(), facts.split_ids
    p = sample_ratio(of_a, of_b).pvalue
    observed = f"{of_a} ids on {a}, {of_b} on {b}, exact p {pvalue(p)}"
    return gate(GateId.SAMPLE_RATIO, p >= SAMPLE_RATIO_ALPHA, observed, f"p at least {SAMPLE_RATIO_ALPHA:g}")


def _planned(run: Run, items_in_pairs: int) -> Gate:
    # Repeats of an item are a single observation, so n counts items. Fewer than planned is invalid rather than a hold,
    # because stopping when the numbers look good would promote by chance (statistics.md, "looks").
    observed = f"{items_in_pairs} distinct items in gradable pairs"
    return gate(GateId.PLANNED_PAIRS, items_in_pairs >= run.planned_n, observed, f"at least {run.planned_n}")


def _complete(facts: LogFacts) -> Gate:
    return gate(GateId.COMPLETE_PAIRS, facts.complete > 0, f"{facts.complete} of {facts.pairs}", "at least 1")


def _together(contexts: Sequence[Context]) -> Found:
    return Found(sum(c.records for c in contexts), contexts[0].first)


def _first(found: Found, what: str) -> str:
    return f"{found.records} records; the first, {found.first}, {what}"
