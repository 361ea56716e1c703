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

from minieval.files import sha256_of
from minieval.render import render
from minieval.report import to_json


def differences(folder: Path, options: argparse.Namespace) -> list[str]:
    """Return a sentence for everything in the folder that does not follow from the evidence."""
    inputs = compare.read_inputs(options)
    report = compare.judge(inputs, options.log)
    found = [
        *_hashes(json.loads(inputs.manifest).get("analysis", {}), folder, options.log),
        *(f"the evidence is invalid: {reason}" for reason in report.reasons if report.quality is None),
    ]
    for name, text in (("report.md", render(report)), ("report.json", to_json(report))):
        if (line := _first_difference((folder / name).read_text(encoding="utf-8"), text)) is not None:
            found.append(f"{name} line {line} is not what the evidence gives")
    return found


def _hashes(analysis: Mapping[str, object], folder: Path, log: Path) -> list[str]:
    paths = {"log_sha256": log, "report_md_sha256": folder / "report.md", "report_json_sha256": folder / "report.json"}
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
        print(f"verified: {options.out / 'report.md'} and report.json follow from {options.log}")
    return 3 if found else 0


if __name__ == "__main__":
    sys.exit(main())
