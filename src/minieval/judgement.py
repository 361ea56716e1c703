"""A judgement: from the bytes of the evidence to the report, or to a report that says why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass

from minieval.analysis import Analysis, analyse
from minieval.baseline import EvalBaseline, parse_baseline
from minieval.decision import invalid
from minieval.errors import EvalError
from minieval.evalset import EvalSet
from minieval.evidence import EvalSetHashes, require_grader, validity_gates
from minieval.files import decode, md5_of, sha256_of
from minieval.gates import Gate, Outcome, gate
from minieval.grader import Grader
from minieval.identity import Identity, identify
from minieval.items import ItemError
from minieval.manifest import Run, parse_manifest
from minieval.observation import Observation
from minieval.report import Report, make_report
from minieval.selftest import run_selftest


@dataclass(frozen=True)
class Inputs:
    """The bytes that a judgement rests on, the log as well as what was read from it."""

    log: bytes
    manifest: bytes
    eval_set: bytes
    baseline: bytes
    dvc_lock_md5: str | None


@dataclass(frozen=True)
class Traffic:
    """What the log says: its records in order, and how many lines a crash tore."""

    observations: Sequence[Observation]
    torn: int


@dataclass(frozen=True)
class Evidence:
    """The inputs, understood."""

    run: Run
    baseline: EvalBaseline
    items: EvalSet
    grader: Grader
    traffic: Traffic
    identity: Identity
    hashes: EvalSetHashes


def judge(inputs: Inputs, traffic: Traffic, grader: Grader) -> Report:
    """Return the report on the inputs; evidence that must not be judged gives one that says why."""
    identity: Identity | None = None
    try:
        evidence = understand(inputs, traffic, grader)
        identity = evidence.identity
        require_grader(identity.grader_sha, evidence.baseline.grader_sha)
        analysis = _analysis(evidence)
    except (EvalError, ItemError) as error:
        return refuse(error, identity)
    if isinstance(analysis, Analysis):
        return make_report(analysis.decision, identity, analysis)
    return make_report(invalid(analysis), identity)


def refuse(error: Exception, identity: Identity | None = None) -> Report:
    """Return the report on evidence that cannot be read: invalid, with the error as its reason."""
    return make_report(invalid([gate(type(error).__name__, False, str(error), "")]), identity)


def understand(inputs: Inputs, traffic: Traffic, grader: Grader) -> Evidence:
    """Parse every input; raises EvalError or ItemError naming what is wrong with it."""
    run = parse_manifest(inputs.manifest)
    baseline = parse_baseline(inputs.baseline)
    items = grader.items(decode("eval set", inputs.eval_set))
    hashes = EvalSetHashes(md5_of(inputs.eval_set), baseline.eval_set_dvc_hash, inputs.dvc_lock_md5)
    identity = identify(
        run,
        baseline,
        {o.config_sha: o.salt for o in traffic.observations},
        grader=grader,
        eval_set_md5=hashes.found,
        log_sha256=sha256_of(inputs.log),
        selftest=run_selftest(),
    )
    return Evidence(run, baseline, items, grader, traffic, identity, hashes)


def _analysis(evidence: Evidence) -> Analysis | tuple[Gate, ...]:
    """Return the analysis, or the validity gates if one of them failed."""
    identity, traffic = evidence.identity, evidence.traffic
    gates = (
        gate(
            "self-test", identity.selftest.passed, f"{identity.selftest.checks} published values and laws", "all hold"
        ),
        gate("grader", True, identity.grader_sha[:12], "the grader that eval_baseline.json names"),
        *validity_gates(evidence.run, traffic.observations, evidence.items, evidence.hashes),
    )
    if any(g.outcome is Outcome.FAIL for g in gates):
        return gates
    return analyse(evidence.run, traffic.observations, evidence.items, evidence.grader, gates, traffic.torn)
