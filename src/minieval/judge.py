"""A judgement, from the inputs to the report; invalid evidence gives a report that says why it is invalid.

The stages, from top to bottom: open the log, match its sentences with items, collect the facts that identify the
evidence, check that they are consistent, and only then grade, measure and decide (analysis.py). Each stage takes what
the previous one returned, so they cannot run in another order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from minieval.analysis import analyse
from minieval.errors import EvalError, GraderDrift
from minieval.files import decode, md5_of
from minieval.grading.baseline import EvalBaseline, parse_baseline
from minieval.grading.identity import same_grades
from minieval.grading.items import ItemError
from minieval.grading.lookup import MatchedLog, match_items
from minieval.inputs import Inputs
from minieval.manifest import Run, parse_manifest
from minieval.measures.observed.plan import PlanFacts, compare_with_plan
from minieval.record.log.facts import LogFacts, facts_of
from minieval.record.log.reader import open_log
from minieval.report.document import Report, make_report
from minieval.report.identity import Identity, identify
from minieval.report.noise import NoiseFloor
from minieval.report.noise_reading import read_noise_floor
from minieval.selftest.selftest import run_selftest
from minieval.verdict.decision import invalid
from minieval.verdict.gates import Gate, GateId, Outcome, gate, refusal
from minieval.verdict.validity import EvalSetHashes, pinned_gates, unpinned_gates


@dataclass(frozen=True)
class _Evidence:
    """The parsed inputs; plan is None without a manifest."""

    matched: MatchedLog
    facts: LogFacts
    run: Run
    plan: PlanFacts | None
    baseline: EvalBaseline | None
    hashes: EvalSetHashes
    identity: Identity


def judge(inputs: Inputs) -> Report:
    """Return the report on the inputs; for evidence that must not be judged, the report says why.

    Raises OSError if a file of the log cannot be read.
    """
    try:
        planned = None if inputs.manifest is None else parse_manifest(inputs.manifest)
        baseline = None if inputs.baseline is None else parse_baseline(inputs.baseline)
        items = inputs.grader.items(decode("eval set", inputs.eval_set))
        with open_log(inputs.logs, None if planned is None else planned.roles()) as log:
            return _judge_evidence(inputs, _understand(inputs, match_items(log, items), planned, baseline))
    except (EvalError, ItemError) as error:
        return make_report(invalid([refusal(error)]), None)


def _understand(inputs: Inputs, matched: MatchedLog, planned: Run | None, baseline: EvalBaseline | None) -> _Evidence:
    """Collect the facts that identify the evidence, before anything is graded."""
    log, eval_set_md5 = matched.log, md5_of(inputs.eval_set)
    facts = facts_of(log)
    run = planned or inputs.rules.run(log.arms, facts.contexts, len(matched.items), eval_set_md5)
    hashes = EvalSetHashes(eval_set_md5, None if baseline is None else baseline.eval_set_dvc_hash, inputs.dvc_lock_md5)
    identity = identify(
        run,
        baseline,
        {context.config_sha: context.salt for context in facts.contexts},
        unpinned=inputs.unpinned(),
        grader=inputs.grader,
        eval_set_md5=eval_set_md5,
        log_sha256=log.sha256,
        selftest=run_selftest(),
    )
    plan = None if planned is None else compare_with_plan(matched, planned.blocks)
    return _Evidence(matched, facts, run, plan, baseline, hashes, identity)


def _judge_evidence(inputs: Inputs, evidence: _Evidence) -> Report:
    """Check the evidence, then grade, measure and decide; from here on, even a refusal can name its inputs."""
    identity = evidence.identity
    try:
        validity = _validity_gates(evidence)
        # Return before grading: numbers from invalid evidence would be quoted.
        if any(g.outcome is Outcome.FAIL for g in validity):
            return make_report(invalid(validity), identity)
        analysis = analyse(
            evidence.matched,
            inputs.grader,
            evidence.run,
            evidence.facts,
            evidence.plan,
            validity,
            inputs.rate_usd_per_hour,
        )
    except EvalError as error:
        return make_report(invalid([refusal(error)]), identity)
    return make_report(analysis.decision, identity, analysis, _noise_floor(inputs.aa, identity))


def _validity_gates(evidence: _Evidence) -> Sequence[Gate]:
    """Return the validity gates; raises GraderDrift if the grader is not the baseline's."""
    run, facts, identity = evidence.run, evidence.facts, evidence.identity
    items_in_pairs, selftest = evidence.matched.items_in_pairs, identity.selftest
    if evidence.plan is None:
        of_evidence = unpinned_gates(run, facts, items_in_pairs, evidence.hashes, identity.unpinned)
    else:
        of_evidence = pinned_gates(run, facts, evidence.plan, items_in_pairs, evidence.hashes)
    return (
        gate(GateId.SELF_TEST, selftest.passed, f"{selftest.checks} published values and laws", "all hold"),
        _grader_gate(identity, evidence.baseline),
        *of_evidence,
    )


def _grader_gate(identity: Identity, baseline: EvalBaseline | None) -> Gate:
    found, asked = identity.grader_sha, "the grader that eval_baseline.json names"
    if baseline is None:
        return Gate(GateId.GRADER, Outcome.INCONCLUSIVE, f"{found[:12]}; no baseline names one", asked)
    if not same_grades(found, baseline.grader_sha):
        raise GraderDrift(found, baseline.grader_sha)
    return gate(GateId.GRADER, True, found[:12], asked)


def _noise_floor(aa: bytes | None, identity: Identity) -> NoiseFloor | str:
    """Return the noise floor, or the reason why it is missing; an unusable one does not stop the report."""
    if len({arm.sha for arm in identity.arms}) == 1:
        return "this run is itself one of A against A"
    if aa is None:
        return "no report of an A/A run was given"
    try:
        return read_noise_floor(aa, identity)
    except EvalError as error:
        return f"refused: {error}"
