"""Writes a report into its folder, and composes the manifest that records how it was made."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from minieval.files import sha256_of, write_atomically
from minieval.grading.grader import GrammarGrader
from minieval.grading.identity import grader_files
from minieval.inputs import Inputs
from minieval.manifest import recorded_analysis, run_sha256, with_analysis
from minieval.report.document import Report
from minieval.report.documents import NAMES, documents, manifest_key


def write_documents(report: Report, folder: Path) -> Mapping[str, str]:
    """Write every document of the report, remove stale ones, and return the texts; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    written = documents(report)
    for name in NAMES:
        path = folder / name
        if name in written:
            path.parent.mkdir(exist_ok=True)
            write_atomically(path, written[name])
        else:
            # A reader would mistake an earlier run's figure for one of this report.
            path.unlink(missing_ok=True)
    return written


def manifest_text(report: Report, written: Mapping[str, str], inputs: Inputs) -> str | None:
    """Return the manifest with its `analysis` section; None if the evidence could not even be identified.

    A given run section is kept. Without one the manifest contains the analysis only: if the defaults were written as a
    run, a later judgement would mistake them for a plan that was fixed beforehand.
    """
    identity = report.identity
    if identity is None:
        return None
    analysis = {
        "verdict": report.verdict.value,
        "policy": identity.aim,
        "alpha": identity.alpha,
        "margins": dict(identity.margins),
        "planned_n": identity.planned_n,
        "seed": identity.seed,
        "resamples": identity.resamples,
        "rate_usd_per_hour": inputs.rate_usd_per_hour,
        "grader_sha": identity.grader_sha,
        "grader_files": _grader_files(inputs),
        "eval_set_md5": identity.eval_set_md5,
        "selftest": asdict(identity.selftest),
        "log_sha256": identity.log_sha256,
        "run_sha256": None if inputs.manifest is None else run_sha256(inputs.manifest),
        "aa_sha256": None if inputs.aa is None else sha256_of(inputs.aa),
        **{manifest_key(name): sha256_of(text.encode()) for name, text in written.items()},
    }
    return with_analysis(inputs.manifest or json.dumps({"schema": 1}).encode(), analysis)


def _grader_files(inputs: Inputs) -> object:
    """Return the hashes of the built-in grader's files; a predecessor's hashes come from the manifest."""
    if not isinstance(inputs.grader, GrammarGrader):
        return None
    if inputs.grader.predecessor is None or inputs.manifest is None:
        return grader_files()
    return recorded_analysis(inputs.manifest).get("grader_files")
