"""Do the reports follow from their evidence? Judges the runs again and compares the results with the committed files.

Without arguments, it verifies the lab and the runs in its subfolders. Exits 0 if reports and manifests are reproduced
byte for byte from log, manifest, eval set and grader; 3 if something differs, naming it; 2 if a file cannot be read.
Facts about the environment come from the manifest's run section, so any machine can verify. A run that was judged by a
predecessor of the grader is verified under the predecessor's name, because its grades are the same.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import compare
import msgspec

from minieval.files import md5_of, sha256_of
from minieval.grading.grader import GrammarGrader
from minieval.grading.identity import PREDECESSORS, grader_files
from minieval.inputs import Inputs
from minieval.interrupts import run_stoppable
from minieval.judge import judge
from minieval.manifest import recorded_analysis, run_sha256
from minieval.measures.cost import DEFAULT_RATE_USD_PER_HOUR
from minieval.report.document import from_json
from minieval.report.documents import documents, manifest_key
from minieval.report.untrusted import visible
from minieval.report.writing import manifest_text


def differences(options: argparse.Namespace) -> list[str]:
    """Return a message for everything in the folder that does not follow from the evidence; raises OSError."""
    options.rate_usd_per_hour = _rate(options.out / "report.json")
    # The analysis is recorded in the manifest next to the report.
    options.manifest = options.out / "manifest.json"
    inputs = _under_recorded_grader(compare.read_inputs(options))
    report = judge(inputs)
    expected = documents(report)
    found = [*_changed_inputs(inputs, options), *_changed_documents(inputs.manifest, options.out, list(expected))]
    if report.quality is None:
        return [*found, *(f"the evidence is invalid: {reason}" for reason in report.reasons)]
    manifest = manifest_text(report, expected, inputs)
    for path, text in ((options.manifest, manifest), *((options.out / name, text) for name, text in expected.items())):
        line = None if text is None else _first_difference(path.read_text(encoding="utf-8"), text)
        if line is not None:
            name = path.relative_to(options.out) if path.is_relative_to(options.out) else path
            found.append(f"{name} line {line} differs from what the evidence gives")
    return found


def _under_recorded_grader(inputs: Inputs) -> Inputs:
    """Return the inputs with the grader that the manifest names, if that is a predecessor with the same grades."""
    recorded = recorded_analysis(inputs.manifest).get("grader_sha")
    if isinstance(recorded, str) and recorded in PREDECESSORS:
        return replace(inputs, grader=GrammarGrader(predecessor=recorded))
    return inputs


def _rate(report: Path) -> float:
    """Return the hourly rate from a report; a report without one was judged without a throughput."""
    try:
        cost = from_json(report.read_bytes()).cost
    except (msgspec.DecodeError, UnicodeDecodeError):
        return DEFAULT_RATE_USD_PER_HOUR
    return DEFAULT_RATE_USD_PER_HOUR if cost is None else cost.rate_usd_per_hour


def _changed_inputs(inputs: Inputs, options: argparse.Namespace) -> Iterator[str]:
    """Yield a message for every input whose hash differs from the one in the manifest."""
    recorded = recorded_analysis(inputs.manifest)
    if not recorded or inputs.manifest is None:
        yield "manifest.json has no readable analysis: expected the one that compare.py writes"
        return
    files = recorded.get("grader_files")
    named = files if isinstance(files, dict) else {}
    # A predecessor's files no longer exist and cannot be hashed; same_grades vouches for its grades.
    grader = {} if recorded.get("grader_sha") in PREDECESSORS else grader_files()
    actual = [
        (options.log.name, sha256_of(options.log.read_bytes()), recorded.get("log_sha256")),
        (options.eval_set.name, md5_of(inputs.eval_set), recorded.get("eval_set_md5")),
        ("the run section of manifest.json", run_sha256(inputs.manifest), recorded.get("run_sha256")),
        *((name, sha, named.get(name)) for name, sha in grader.items()),
        ("the A/A run's report.json", None if inputs.aa is None else sha256_of(inputs.aa), recorded.get("aa_sha256")),
    ]
    yield from _mismatches(actual)


def _changed_documents(manifest: bytes | None, folder: Path, names: Sequence[str]) -> Iterator[str]:
    recorded = recorded_analysis(manifest)
    yield from _mismatches(
        [(name, sha256_of((folder / name).read_bytes()), recorded.get(manifest_key(name))) for name in names]
    )


def _mismatches(hashes: Sequence[tuple[str, str | None, object]]) -> Iterator[str]:
    for name, actual, recorded in hashes:
        if actual != recorded:
            yield f"{name} has hash {actual}: expected {recorded}, as manifest.json says"


def _first_difference(found: str, expected: str) -> int | None:
    """Return the number of the first line that differs between two texts, or None."""
    ours, theirs = found.split("\n"), expected.split("\n")
    pairs = enumerate(zip(ours, theirs, strict=False), start=1)
    first = next((number for number, (a, b) in pairs if a != b), None)
    return first or (min(len(ours), len(theirs)) + 1 if len(ours) != len(theirs) else None)


def main(argv: Sequence[str] | None = None) -> int:
    """Print what differs; returns the exit code."""
    given = sys.argv[1:] if argv is None else argv
    beside = sorted(path.parent for path in compare.HERE.glob("*/manifest.json"))
    runs = [given] if given else [["--run", str(folder)] for folder in (compare.HERE, *beside)]
    return run_stoppable("verify.py", lambda: max(_verify(compare.read_options(run)) for run in runs))


def _verify(options: argparse.Namespace) -> int:
    try:
        found = differences(options)
    except OSError as error:
        print(f"verify.py: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    for sentence in found:
        print(f"verify.py: {options.out.name}: {visible(sentence)}", file=sys.stderr)
    if not found:
        print(f"verified: {options.out}: reports, figures and manifest follow from {options.log}")
    return 3 if found else 0


if __name__ == "__main__":
    sys.exit(main())
