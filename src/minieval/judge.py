"""A judgement: from the evidence to the report, or to a report that says why there is none."""

from dataclasses import dataclass
from pathlib import Path

from minieval.analysis import analyse
from minieval.errors import EvalError, GraderDrift
from minieval.files import decode, md5_of
from minieval.grading.baseline import EvalBaseline, parse_baseline
from minieval.grading.evalset import EvalSet
from minieval.grading.grader import Grader
from minieval.grading.items import ItemError
from minieval.grading.lookup import Matched, match_items
from minieval.manifest import Run, parse_manifest
from minieval.measures.cost import DEFAULT_RATE_USD_PER_HOUR
from minieval.record.log_facts import LogFacts, facts_of
from minieval.record.log_reader import open_log
from minieval.record.log_table import LogTable
from minieval.report.document import Report, make_report
from minieval.report.identity import Identity, identify
from minieval.report.noise import NoiseFloor
from minieval.report.noise_reading import read_noise_floor
from minieval.rules import DEFAULT_RULES, Rules
from minieval.selftest.selftest import run_selftest
from minieval.verdict.decision import invalid
from minieval.verdict.gates import Gate, Outcome, gate
from minieval.verdict.plan_facts import PlanFacts, against_plan
from minieval.verdict.validity import EvalSetHashes, pinned_gates, unpinned_gates


@dataclass(frozen=True)
class Inputs:
    """What a judgement rests on: the log's files in order, the bytes of everything else, and the grader.

    rules stand for the manifest where there is none; without a baseline nothing pins grader and eval set. aa is the
    report.json of an A/A run, rate the price of an hour of the machine.
    """

    logs: tuple[Path, ...]
    eval_set: bytes
    grader: Grader
    manifest: bytes | None
    baseline: bytes | None
    dvc_lock_md5: str | None = None
    rules: Rules = DEFAULT_RULES
    rate_usd_per_hour: float = DEFAULT_RATE_USD_PER_HOUR
    aa: bytes | None = None


@dataclass(frozen=True)
class _Evidence:
    """The inputs, understood; plan is None without a manifest."""

    run: Run
    baseline: EvalBaseline | None
    matched: Matched
    facts: LogFacts
    plan: PlanFacts | None
    hashes: EvalSetHashes
    identity: Identity


def judge(inputs: Inputs) -> Report:
    """Return the report on the inputs; evidence that must not be judged gives one that says why.

    Raises OSError when a file of the log cannot be read.
    """
    try:
        run = None if inputs.manifest is None else parse_manifest(inputs.manifest)
        baseline = None if inputs.baseline is None else parse_baseline(inputs.baseline)
        items = inputs.grader.items(decode("eval set", inputs.eval_set))
        with open_log(inputs.logs, None if run is None else run.roles()) as log:
            evidence = _understand(inputs, log, items, run, baseline)
            return _report(inputs, log, evidence)
    except (EvalError, ItemError) as error:
        return _refusal(error, None)


def _understand(
    inputs: Inputs, log: LogTable, items: EvalSet, planned: Run | None, baseline: EvalBaseline | None
) -> _Evidence:
    matched, facts = match_items(log, items), facts_of(log)
    eval_set_md5 = md5_of(inputs.eval_set)
    run = inputs.rules.run(log.arms, facts.contexts, len(items), eval_set_md5) if planned is None else planned
    return _Evidence(
        run=run,
        baseline=baseline,
        matched=matched,
        facts=facts,
        plan=None if planned is None else against_plan(log, planned, matched),
        hashes=EvalSetHashes(
            eval_set_md5, None if baseline is None else baseline.eval_set_dvc_hash, inputs.dvc_lock_md5
        ),
        identity=identify(
            run,
            baseline,
            {c.config_sha: c.salt for c in facts.contexts},
            unpinned=_unpinned(inputs),
            grader=inputs.grader,
            eval_set_md5=eval_set_md5,
            log_sha256=log.sha256,
            selftest=run_selftest(),
        ),
    )


def _report(inputs: Inputs, log: LogTable, evidence: _Evidence) -> Report:
    identity = evidence.identity
    try:
        gates = _gates(evidence)
        if any(g.outcome is Outcome.FAIL for g in gates):
            return make_report(invalid(gates), identity)
        analysis = analyse(
            log,
            evidence.run,
            evidence.facts,
            evidence.matched,
            inputs.grader,
            gates,
            evidence.plan,
            inputs.rate_usd_per_hour,
        )
    except EvalError as error:
        return _refusal(error, identity)
    return make_report(analysis.decision, identity, analysis, _noise_floor(inputs.aa, identity))


def _noise_floor(aa: bytes | None, identity: Identity) -> NoiseFloor | str:
    """Return the noise floor, or why there is none: it informs, so one that does not belong here leaves the rest."""
    if len({arm.sha for arm in identity.arms}) == 1:
        return "this run is itself one of A against A"
    if aa is None:
        return "no report of an A/A run was given"
    try:
        return read_noise_floor(aa, identity)
    except EvalError as error:
        return f"refused: {error}"


def _gates(evidence: _Evidence) -> tuple[Gate, ...]:
    """Return the validity gates; raises GraderDrift under another grader than the baseline's."""
    identity, facts, matched, hashes = evidence.identity, evidence.facts, evidence.matched, evidence.hashes
    selftest = identity.selftest
    return (
        gate("self-test", selftest.passed, f"{selftest.checks} published values and laws", "all hold"),
        _grader(identity, evidence.baseline),
        *(
            unpinned_gates(evidence.run, facts, matched, hashes, identity.unpinned)
            if evidence.plan is None
            else pinned_gates(evidence.run, facts, evidence.plan, matched, hashes)
        ),
    )


def _grader(identity: Identity, baseline: EvalBaseline | None) -> Gate:
    asked = "the grader that eval_baseline.json names"
    if baseline is None:
        return Gate("grader", Outcome.INCONCLUSIVE, f"{identity.grader_sha[:12]}; no baseline names one", asked)
    if identity.grader_sha != baseline.grader_sha:
        raise GraderDrift(identity.grader_sha, baseline.grader_sha)
    return gate("grader", True, identity.grader_sha[:12], asked)


def _unpinned(inputs: Inputs) -> tuple[str, ...]:
    """Return what nothing shows to have been fixed before the run."""
    of_manifest = (
        () if inputs.manifest is not None else ("models", "ids sent", "policy", "alpha", "margins", "planned n", "seed")
    )
    of_baseline = () if inputs.baseline is not None else ("grader",)
    of_both = () if inputs.manifest is not None or inputs.baseline is not None else ("eval set",)
    return (*of_manifest, *of_baseline, *of_both)


def _refusal(error: Exception, identity: Identity | None) -> Report:
    return make_report(invalid([gate(type(error).__name__, False, str(error), "")]), identity)
