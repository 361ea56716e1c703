"""Judges the lab: grades both arms offline, decides, writes report.html, report.md, its figures and report.json.

Exits 0 promote, 10 hold, 20 retrain, 3 invalid evidence, 2 usage. The mathematics and the decision are
minieval's; here files are read, converted and written.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from minieval.files import locked_md5, write_atomically
from minieval.grader import GrammarGrader
from minieval.grader_identity import REPOSITORY
from minieval.judgement import Inputs, Traffic, refuse
from minieval.judgement import judge as judge_traffic
from minieval.manifest import with_analysis
from minieval.observation import Answer, Observation
from minieval.report import Report
from minieval.terminal import summarise
from minieval.untrusted import visible
from minieval.verdict import USAGE_EXIT_CODE
from minieval.writing import analysis_section, write_documents
from miniserve.records import ArmResult, RecordError, TrafficRecord
from miniserve.trafficlog import read_log

HERE = Path(__file__).resolve().parent


def main(argv: Sequence[str] | None = None) -> int:
    """Judge and write; returns the exit code of the verdict, or 2 with a sentence on stderr."""
    options = read_options(argv)
    try:
        inputs = read_inputs(options)
        report = judge(inputs, options.log)
        analysis = analysis_section(report, write_documents(report, options.out))
        if analysis is not None:
            write_atomically(options.manifest, with_analysis(inputs.manifest, analysis))
    except OSError as error:
        print(f"compare.py: {error.filename}: {error.strerror}", file=sys.stderr)
        return USAGE_EXIT_CODE
    summarise(report, options.out)
    if report.quality is None:
        print(f"compare.py: invalid: {visible('; '.join(report.reasons))}", file=sys.stderr)
    return report.exit_code


def judge(inputs: Inputs, log: Path) -> Report:
    """Return the report on the inputs; evidence that must not be judged gives one that says why."""
    try:
        contents = read_log(log)
    except RecordError as error:
        return refuse(error)
    return judge_traffic(
        inputs, Traffic([observe(record) for record in contents.records], contents.torn), GrammarGrader()
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


def _answer(result: ArmResult) -> Answer:
    return Answer(result.status, result.response, result.latency_ms, result.reason)


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
