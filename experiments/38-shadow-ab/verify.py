"""Does the report follow from its evidence? Judges the lab again and compares with what stands in the folder.

Exits 0 when the report is what the log, the manifest, the eval set and the grader give, byte for byte; 3 when
something differs, naming it; 2 when a file cannot be read.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import compare

from minieval.documents import documents, manifest_key
from minieval.files import sha256_of
from minieval.judgement import judge


def differences(folder: Path, options: argparse.Namespace) -> list[str]:
    """Return a sentence for everything in the folder that does not follow from the evidence."""
    inputs = compare.read_inputs(options)
    report = judge(inputs)
    expected = documents(report)
    paths = {"log_sha256": options.log} | {manifest_key(name): folder / name for name in expected}
    found = [
        *_hashes(json.loads(inputs.manifest or b"{}").get("analysis", {}), paths),
        *(f"the evidence is invalid: {reason}" for reason in report.reasons if report.quality is None),
    ]
    for name, text in expected.items():
        if (line := _first_difference((folder / name).read_text(encoding="utf-8"), text)) is not None:
            found.append(f"{name} line {line} is not what the evidence gives")
    return found


def _hashes(analysis: Mapping[str, object], paths: Mapping[str, Path]) -> list[str]:
    actual = {key: sha256_of(path.read_bytes()) for key, path in paths.items()}
    return [
        f"{paths[key].name} has SHA-256 {sha}: expected {analysis.get(key)}, as manifest.json says"
        for key, sha in actual.items()
        if analysis.get(key) != sha
    ]


def _first_difference(found: str, expected: str) -> int | None:
    """Return the number of the first line in which two texts differ, or None."""
    ours, theirs = found.split("\n"), expected.split("\n")
    pairs = enumerate(zip(ours, theirs, strict=False), start=1)
    first = next((number for number, (a, b) in pairs if a != b), None)
    return first or (min(len(ours), len(theirs)) + 1 if len(ours) != len(theirs) else None)


def main(argv: Sequence[str] | None = None) -> int:
    """Print what differs; returns the exit code."""
    options = compare.read_options(argv)
    try:
        found = differences(options.out, options)
    except OSError as error:
        print(f"verify.py: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    for sentence in found:
        print(f"verify.py: {sentence}", file=sys.stderr)
    if not found:
        print(
            f"verified: {options.out / 'report.html'}, report.md, its figures and report.json follow from {options.log}"
        )
    return 3 if found else 0


if __name__ == "__main__":
    sys.exit(main())
