"""Puts a report into its folder, and what the manifest keeps of it into the manifest."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from minieval.documents import NAMES, documents, manifest_key
from minieval.files import sha256_of, write_atomically
from minieval.report import Report


def write_documents(report: Report, folder: Path) -> Mapping[str, str]:
    """Write every document of the report, remove those it has none of, and return the texts; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    written = documents(report)
    for name in NAMES:
        path = folder / name
        if name in written:
            path.parent.mkdir(exist_ok=True)
            write_atomically(path, written[name])
        else:
            # A figure of an earlier run beside a report without it would be taken for this run's.
            path.unlink(missing_ok=True)
    return written


def analysis_section(report: Report, written: Mapping[str, str]) -> dict[str, object] | None:
    """Return the manifest's `analysis` section; None where the evidence could not even be identified."""
    identity = report.identity
    if identity is None:
        return None
    return {
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
