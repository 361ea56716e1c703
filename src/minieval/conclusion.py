"""What every command does with its inputs: judge, write the report and the manifest, say the verdict."""

import json
import sys
from pathlib import Path

from minieval.files import write_atomically
from minieval.judgement import Inputs, judge
from minieval.manifest import with_analysis
from minieval.terminal import summarise
from minieval.untrusted import visible
from minieval.verdict import USAGE_EXIT_CODE
from minieval.writing import analysis_section, write_documents


def conclude(program: str, inputs: Inputs, out: Path, manifest: Path) -> int:
    """Judge, write the report into a folder and its analysis into a manifest; return the verdict's exit code.

    The manifest keeps the run that it was judged by; without one it has the analysis alone, which no later judgement
    takes for a plan. Raises OSError.
    """
    report = judge(inputs)
    analysis = analysis_section(report, write_documents(report, out))
    if analysis is not None:
        write_atomically(manifest, with_analysis(inputs.manifest or json.dumps({"schema": 1}).encode(), analysis))
    summarise(report, out)
    if report.quality is None:
        print(f"{program}: invalid: {visible('; '.join(report.reasons))}", file=sys.stderr)
    return report.exit_code


def unreadable(program: str, error: OSError) -> int:
    """Say which file cannot be read or written, and return the exit code of wrong usage."""
    print(f"{program}: {error.filename}: {error.strerror}", file=sys.stderr)
    return USAGE_EXIT_CODE
