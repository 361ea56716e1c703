"""Judges the lab: grades both arms offline, decides, writes report.html, report.md, its figures and report.json.

Exits 0 promote, 10 hold, 20 retrain, 3 invalid evidence, 2 usage. The mathematics and the decision are
minieval's; here files are read, converted and written.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from minieval.analysis import Analysis, analyse
from minieval.baseline import EvalBaseline, parse_baseline
from minieval.decision import invalid
from minieval.documents import NAMES, documents, manifest_key
from minieval.errors import EvalError
from minieval.evidence import EvalSetHashes, require_grader, validity_gates
from minieval.files import decode, locked_md5, md5_of, sha256_of, write_atomically
from minieval.gates import Gate, Outcome, gate
from minieval.grader_identity import REPOSITORY, grader_sha
from minieval.identity import Identity, identify
from minieval.items import Item, ItemError, index_by_sentence, parse_items
from minieval.manifest import Run, parse_manifest, with_analysis
from minieval.observation import Answer, Observation
from minieval.report import Report, make_report
from minieval.selftest import run_selftest
from minieval.terminal import summarise
from minieval.untrusted import visible
from minieval.verdict import USAGE_EXIT_CODE
from miniserve.records import ArmResult, RecordError, TrafficRecord
from miniserve.trafficlog import read_log

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Inputs:
    """The bytes that a judgement rests on."""

    log: bytes
    manifest: bytes
    eval_set: bytes
    baseline: bytes
    dvc_lock_md5: str | None


@dataclass(frozen=True)
class Evidence:
    """The inputs, understood."""

    run: Run
    baseline: EvalBaseline
    items: Mapping[str, Item]
    observations: tuple[Observation, ...]
    torn: int
    identity: Identity
    hashes: EvalSetHashes


def main(argv: Sequence[str] | None = None) -> int:
    """Judge and write; returns the exit code of the verdict, or 2 with a sentence on stderr."""
    options = read_options(argv)
    try:
        inputs = read_inputs(options)
        report = judge(inputs, options.log)
        options.out.mkdir(parents=True, exist_ok=True)
        _write(report, inputs, options)
    except OSError as error:
        print(f"compare.py: {error.filename}: {error.strerror}", file=sys.stderr)
        return USAGE_EXIT_CODE
    summarise(report, options.out)
    if report.quality is None:
        print(f"compare.py: invalid: {visible('; '.join(report.reasons))}", file=sys.stderr)
    return report.exit_code


def judge(inputs: Inputs, log: Path) -> Report:
    """Return the report on the inputs; evidence that must not be judged gives one that says why."""
    identity: Identity | None = None
    try:
        evidence = understand(inputs, log)
        identity = evidence.identity
        require_grader(identity.grader_sha, evidence.baseline.grader_sha)
        analysis = _analysis(evidence)
    except (EvalError, RecordError, ItemError) as error:
        return make_report(invalid([_refusal(error)]), identity)
    if isinstance(analysis, Analysis):
        return make_report(analysis.decision, identity, analysis)
    return make_report(invalid(analysis), identity)


def understand(inputs: Inputs, log: Path) -> Evidence:
    """Parse every input; raises EvalError, RecordError or ItemError naming what is wrong with it."""
    run = parse_manifest(inputs.manifest)
    baseline = parse_baseline(inputs.baseline)
    items = index_by_sentence(parse_items(decode("eval set", inputs.eval_set)))
    contents = read_log(log)
    observations = tuple(observe(record) for record in contents.records)
    hashes = EvalSetHashes(md5_of(inputs.eval_set), baseline.eval_set_dvc_hash, inputs.dvc_lock_md5)
    return Evidence(
        run=run,
        baseline=baseline,
        items=items,
        observations=observations,
        torn=contents.torn,
        identity=identify(
            run,
            baseline,
            {o.config_sha: o.salt for o in observations},
            grader_sha=grader_sha(),
            eval_set_md5=hashes.found,
            log_sha256=sha256_of(inputs.log),
            selftest=run_selftest(),
        ),
        hashes=hashes,
    )


def observe(record: TrafficRecord) -> Observation:
    """Return what the judge takes in of a traffic record."""
    return Observation(
        record_id=record.record_id,
        request_id=record.request_id,
        trace_id=record.trace_id,
        strategy=record.strategy,
        salt=record.salt,
        config_sha=record.config_sha,
        production_arm=record.production_arm,
        shadow_arm=record.shadow_arm,
        arm_shas=record.arm_shas,
        sentence=record.sentence,
        answers={arm: _answer(result) for arm, result in record.results.items()},
    )


def _analysis(evidence: Evidence) -> Analysis | tuple[Gate, ...]:
    """Return the analysis, or the validity gates if one of them failed."""
    identity = evidence.identity
    gates = (
        gate("self-test", identity.selftest.passed, f"{identity.selftest.checks} published values", "all reproduced"),
        gate("grader", True, identity.grader_sha[:12], "the grader that eval_baseline.json names"),
        *validity_gates(evidence.run, evidence.observations, evidence.items, evidence.hashes),
    )
    if any(g.outcome is Outcome.FAIL for g in gates):
        return gates
    return analyse(evidence.run, evidence.observations, evidence.items, gates, evidence.torn)


def _answer(result: ArmResult) -> Answer:
    return Answer(result.status, result.response, result.latency_ms, result.reason)


def _refusal(error: Exception) -> Gate:
    return gate(type(error).__name__, False, str(error), "")


def _write(report: Report, inputs: Inputs, options: argparse.Namespace) -> None:
    written = documents(report)
    for name in NAMES:
        path = options.out / name
        if name in written:
            path.parent.mkdir(exist_ok=True)
            write_atomically(path, written[name])
        else:
            # A figure of an earlier run beside a report without it would be taken for this run's.
            path.unlink(missing_ok=True)
    identity = report.identity
    if identity is None:
        return
    analysis = {
        "verdict": report.verdict.value,
        "policy": identity.aim,
        "alpha": identity.alpha,
        "margins": dict(identity.margins),
        "planned_n": identity.planned_n,
        "seed": identity.seed,
        "resamples": identity.resamples,
        "grader_sha": identity.grader_sha,
        "eval_set_md5": identity.eval_set_md5,
        "selftest": asdict(identity.selftest),
        "log_sha256": identity.log_sha256,
        **{manifest_key(name): sha256_of(text.encode()) for name, text in written.items()},
    }
    write_atomically(options.manifest, with_analysis(inputs.manifest, analysis))


def read_inputs(options: argparse.Namespace) -> Inputs:
    """Return the bytes of every input; raises OSError when one cannot be read."""
    lock = REPOSITORY / "dvc.lock"
    inside = options.eval_set.resolve().is_relative_to(REPOSITORY)
    name = options.eval_set.resolve().relative_to(REPOSITORY).as_posix() if inside else ""
    return Inputs(
        log=options.log.read_bytes(),
        manifest=options.manifest.read_bytes(),
        eval_set=options.eval_set.read_bytes(),
        baseline=options.baseline.read_bytes(),
        dvc_lock_md5=locked_md5(lock.read_text(encoding="utf-8"), name) if lock.exists() and inside else None,
    )


def read_options(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return where the inputs stand and where the report goes; exits 2 on wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__)
    defaults = {
        "log": HERE / "traffic.log",
        "manifest": HERE / "manifest.json",
        "eval_set": REPOSITORY / "data" / "eval" / "phase-20.jsonl",
        "baseline": REPOSITORY / "eval_baseline.json",
    }
    for name, path in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=Path, default=path)
    parser.add_argument("--out", type=Path, help="the folder that the report goes to; needed for other inputs")
    options = parser.parse_args(argv)
    if options.out is None:
        others = [name for name, path in defaults.items() if getattr(options, name) != path]
        if others:  # judging something else must not replace the lab's own report
            parser.error(f"--out is missing: expected a folder, as --{others[0].replace('_', '-')} is not the lab's")
        options.out = HERE
    return options


if __name__ == "__main__":
    sys.exit(main())
