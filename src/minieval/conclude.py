"""The steps that every command shares: judge, write the report and the manifest, print the verdict."""

import sys
from pathlib import Path

from minieval.errors import InputRefused
from minieval.files import write_atomically
from minieval.inputs import Inputs
from minieval.judge import judge
from minieval.report.terminal import summarise
from minieval.report.untrusted import visible
from minieval.report.writing import manifest_text, write_documents
from minieval.verdict.verdict import USAGE_EXIT_CODE


def conclude(program: str, inputs: Inputs, out: Path) -> int:
    """Judge, write the report and the manifest to the folder `out`, and return the exit code; raises OSError.

    Nothing outside `out` is written. Its manifest is a copy of the given one with the new analysis.
    """
    report = judge(inputs)
    text = manifest_text(report, write_documents(report, out), inputs)
    if text is not None:
        write_atomically(out / "manifest.json", text)
    summarise(report, out)
    if report.quality is not None and report.noise_floor is None and inputs.aa is not None:
        print(f"{program}: no noise floor, {visible(str(report.noise_floor_missing))}", file=sys.stderr)
    if report.quality is None:
        print(f"{program}: invalid: {visible('; '.join(report.reasons))}", file=sys.stderr)
    return report.exit_code


def refused(program: str, error: InputRefused) -> int:
    """Print which option or input cannot be used, and return the exit code of wrong usage."""
    print(f"{program}: {visible(str(error))}", file=sys.stderr)
    return USAGE_EXIT_CODE


def unreadable(program: str, error: OSError) -> int:
    """Print which file cannot be read or written, and return the exit code of wrong usage."""
    print(f"{program}: {error.filename}: {error.strerror}", file=sys.stderr)
    return USAGE_EXIT_CODE
