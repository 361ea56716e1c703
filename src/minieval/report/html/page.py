"""report.html: the report as one file that opens from disk, asks the network for nothing and needs no script.

All text is in the page, escaped; the script only hides what a filter leaves out. The content security policy pins
script and style by hash, so nothing that a user or a model wrote can run or load.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from minieval.grading.grader import CORRECT
from minieval.measures.disagreement import Disagreement
from minieval.measures.latency import ServedLatency
from minieval.measures.observed.cases import Case, Kind
from minieval.measures.slices import FEWEST_FOR_TEST, FEWEST_TO_READ, BucketFamily
from minieval.report import notation
from minieval.report.assets import asset
from minieval.report.document import Report
from minieval.report.figures.ecdf import NARROW, WIDE, latency_drawing
from minieval.report.figures.forest import (
    MARK_CLASSES,
    estimate,
    forest_scale,
    pooled_mark,
    row_axis,
    row_grid,
    row_mark,
)
from minieval.report.figures.svg import inline
from minieval.report.markdown.cost import NOT_READY
from minieval.report.markdown.cost import notes as cost_notes
from minieval.report.markdown.quality import QUALITY_TITLES, per_family
from minieval.report.noise import noise_sentence
from minieval.report.untrusted import visible
from minieval.report.wording import compare_words
from minieval.stats import Interval
from minieval.verdict.gates import Gate, Outcome, points

OUTCOME_SIGNS: Final = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.INCONCLUSIVE: "?"}
KIND_SIGNS: Final = {Kind.REGRESSED: "▼", Kind.IMPROVED: "▲", Kind.NEUTRAL: "◆"}


def page(report: Report) -> str:
    """Return the page; the same report gives the same bytes on every machine."""
    # Inline, so that the one file works from disk; the policy pins both by hash.
    style = "\n" + "".join(asset(name) for name in ("palette.css", "figure.css", "report.css"))
    script = "\n" + asset("report.js")
    policy = (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    template = _environment().get_template("report.html.j2")
    # Style and script are our own files, and Markup exempts them from the escaping that applies to everything else.
    return template.render(
        report=report,
        policy=Markup(policy),  # noqa: S704
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        forest=None if report.quality is None else _forest(report, report.quality.primary.deciding.interval),
        outcomes=_outcomes(report.gates),
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("minieval.report", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # All displayed text goes through here, so no line of the template can forget to escape it.
        finalize=_shown,
    )
    environment.filters.update(
        share=notation.share,
        accuracy=notation.accuracy,
        difference=notation.difference,
        pvalue=notation.pvalue,
        ratio=notation.ratio,
        percentile=notation.percentile,
        ms=notation.ms,
        per_second=notation.per_second,
        usd=notation.usd,
        points=points,
        fact=_fact,
    )
    environment.globals.update(
        NONE=notation.NONE,
        CORRECT=CORRECT,
        FEWEST_FOR_TEST=FEWEST_FOR_TEST,
        FEWEST_TO_READ=FEWEST_TO_READ,
        MARK_CLASSES=MARK_CLASSES,
        OUTCOME_SIGNS=OUTCOME_SIGNS,
        KIND_SIGNS=KIND_SIGNS,
        QUALITY_TITLES=QUALITY_TITLES,
        per_family=per_family,
        NOT_READY=NOT_READY,
        compare_words=compare_words,
        cost_notes=cost_notes,
        noise_sentence=noise_sentence,
        choices=_choices,
        estimate=estimate,
        kinds=_kinds,
        latency_figures=_latency_figures,
    )
    return environment


def _source(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _shown(value: object) -> object:
    return value if isinstance(value, Markup) or not isinstance(value, str) else visible(value)


def _forest(report: Report, pooled: Interval) -> Mapping[str, object]:
    families: tuple[BucketFamily, ...] = report.buckets or ()
    scale = forest_scale(families, pooled)
    return {
        "axis": Markup(row_axis(scale)),  # noqa: S704
        "grid": Markup(row_grid(scale)),  # noqa: S704
        "pooled": Markup(pooled_mark(pooled, scale)),  # noqa: S704
        "families": [(family, [(row, Markup(row_mark(row, scale))) for row in family.rows]) for family in families],  # noqa: S704
    }


def _latency_figures(served: ServedLatency) -> list[Markup]:
    drawings = (("wide", latency_drawing(served, WIDE)), ("narrow", latency_drawing(served, NARROW)))
    return [Markup(inline(drawing, css_class)) for css_class, drawing in drawings if drawing is not None]  # noqa: S704


def _outcomes(gates: tuple[Gate, ...]) -> list[tuple[Outcome, int]]:
    counted = [(outcome, sum(gate.outcome is outcome for gate in gates)) for outcome in Outcome]
    return [(outcome, n) for outcome, n in counted if n]


def _kinds(found: Disagreement) -> list[tuple[str, str, int]]:
    """Return the filters of the explorer: value, label, and number of cases."""
    counts = ((Kind.REGRESSED, found.regressed), (Kind.IMPROVED, found.improved), (Kind.NEUTRAL, found.neutral))
    named = [(kind.value, f"{KIND_SIGNS[kind]} {kind.value}", n) for kind, n in counts]
    if found.a is None:
        return [("", "all", found.differing), *named]
    over = sum(case.over_corrected for case in found.cases)
    return [("", "all", found.differing), *named, ("over", "over-corrected", over)]


def _choices(cases: tuple[Case, ...], family: str) -> list[str]:
    return sorted({case.slices[family] for case in cases})


def _fact(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_fact(entry)}" for name, entry in value.items())
    return ", ".join(_fact(entry) for entry in value) if isinstance(value, list | tuple) else str(value)
