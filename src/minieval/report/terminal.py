"""Prints the verdict: four or five numbers and where to find the report; without colours if not on a terminal."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from minieval.report import notation
from minieval.report.document import Report
from minieval.report.untrusted import visible
from minieval.verdict.verdict import Verdict

_STYLES = {
    Verdict.PROMOTE: "bold green",
    Verdict.HOLD: "bold yellow",
    Verdict.RETRAIN: "bold red",
    Verdict.INVALID: "bold red",
}


def summarise(report: Report, out: Path, console: Console | None = None) -> None:
    """Print the verdict, the numbers behind it and where the report is."""
    # highlight=False, because rich would otherwise colour every number in the sentences.
    console = console or Console(highlight=False)
    console.print(Text(f"Verdict: {report.label}", style=_STYLES[report.verdict]), soft_wrap=True)
    for name, value in (*_numbers(report), *(("next", step) for step in report.next_steps[:2])):
        console.print(Text.assemble((f"  {name:<12}", "dim"), visible(value)), soft_wrap=True)
    console.print(
        Text.assemble(("  read        ", "dim"), f"{out / 'report.html'}, or report.md; every number in report.json"),
        soft_wrap=True,
    )


def _numbers(report: Report) -> list[tuple[str, str]]:
    if report.quality is None or report.latency is None or report.missing is None or report.disagreement is None:
        return [("why", reason) for reason in report.reasons]
    q, d, failures = report.quality.primary, report.disagreement, report.missing.failures
    compared = report.latency.served.comparison
    lines = [
        (
            "accuracy",
            f"A {notation.share(q.accuracy_a.estimate)}, B {notation.share(q.accuracy_b.estimate)}, n = {q.n}",
        ),
        (
            "B minus A",
            f"{notation.difference(q.deciding.interval)} points, mid-p {notation.pvalue(q.mcnemar_midp.pvalue)}",
        ),
        ("changed", f"{d.improved} improved, {d.regressed} regressed, {d.neutral} neutral"),
    ]
    if compared is not None:
        p50, p95 = notation.ratio(compared.p50.ratio), notation.ratio(compared.p95.ratio)
        lines.append(("latency", f"B over A: p50 {p50}, p95 {p95}"))
    lines.append(("failures", f"B failed {failures.failed} of {failures.runs} runs"))
    return lines
