"""The quality sections of report.md: the overall comparison and the tables per slice."""

from collections.abc import Iterator, Sequence
from typing import Final

from minieval.analysis import QualitySection
from minieval.measures.disagreement import Corrections, Disagreement
from minieval.measures.quality import Quality
from minieval.measures.running import Running
from minieval.measures.slices import FEWEST_FOR_TEST, FEWEST_TO_READ, Bucket, BucketFamily, Flag
from minieval.report.figures.figures import BUCKETS
from minieval.report.markdown.markdown import table, text
from minieval.report.notation import NONE, accuracy, difference, limits, pvalue, share
from minieval.verdict.gates import points

QUALITY_TITLES: Final = {True: "Conjugation quality", False: "Quality"}
"""Keyed by whether the grader reports corrections, as the built-in one does."""


def quality_section(section: QualitySection, found: Disagreement) -> Iterator[str]:
    """Yield the comparison on all items: accuracies, tests with their roles, and what this n can show."""
    q = section.primary
    level = f"{100 * q.accuracy_a.confidence:g} %"
    yield f"## {QUALITY_TITLES[found.a is not None]} (from shadow)"
    yield (
        f"Both arms answered the same {q.n} items ({q.requests} requests), so the data are paired: what counts is "
        f"the {q.n_discordant} items on which exactly one arm is right. "
        "Every difference is B minus A, in percentage points."
    )
    rows = (
        _arm("A", q.n_correct_a, q.n, accuracy(q.accuracy_a), found.a),
        _arm("B", q.n_correct_b, q.n, accuracy(q.accuracy_b), found.b),
    )
    rates = () if found.a is None else ("precision", "recall", "F0.5", "over-correction")
    head = ("arm", "right", f"accuracy, {level} interval (Wilson)", *rates)
    yield table(head, rows, len(head))
    yield table(
        ("", "B right", "B wrong"),
        [
            ("**A right**", str(q.counts.n_both), f"{q.counts.n_regressed} (regressed)"),
            ("**A wrong**", f"{q.counts.n_improved} (improved)", str(q.counts.n_neither)),
        ],
        3,
    )
    yield table(("method", f"B minus A, {level} interval", "p", "role"), _tests(q), 3)
    yield "\n".join(f"- {note}" for note in (*_notes(q), _running_note(section.running)))


def bucket_section(families: Sequence[BucketFamily]) -> Iterator[str]:
    """Yield one table per family; slices below 20 items are described, not tested."""
    yield f"## {per_family([family.name for family in families])}"
    yield (
        "p is the mid-p of the slice; Holm's adjustment over the tested slices of a table decides, "
        "Benjamini-Hochberg's (BH) stands beside it. A slice that no outcome could make significant leaves the family."
    )
    yield f"![B minus A with its interval for all items and every slice; the tables have the numbers]({BUCKETS})"
    for family in families:
        described = all(row.flag is Flag.DESCRIPTIVE for row in family.rows)
        yield f"### Per {family.name}"
        if described:
            yield (
                f"Descriptive at this n: every {family.name} has fewer than {FEWEST_FOR_TEST} items, "
                "so nothing is tested and nothing here blocks or carries a promotion."
            )
        yield _described(family) if described else _tested(family)
        if family.simpson:
            yield (
                "**Mind:** the pooled difference has another sign than most of these slices (Simpson's paradox); "
                "the mix of items carries the total."
            )
        to_read = [row for row in family.rows if row.to_read]
        if to_read:
            named = ", ".join(f"{text(row.value)} ({row.n_regressed} regressed)" for row in to_read)
            yield f"To read, no improvement against {FEWEST_TO_READ} or more regressions: {named}."


def per_family(names: Sequence[str]) -> str:
    """Return the title of the slices' section.

    >>> per_family(["tense", "person", "verb"])
    'Per tense, person and verb'
    """
    return f"Per {', '.join(names[:-1])}{' and ' if len(names) > 1 else ''}{names[-1]}"


def _arm(name: str, right: int, n: int, shown: str, c: Corrections | None) -> tuple[str, ...]:
    if c is None:
        return name, f"{right} of {n}", shown
    return (
        name,
        f"{right} of {n}",
        shown,
        share(c.precision),
        share(c.recall),
        NONE if c.f05 is None else f"{c.f05:.3f}",
        share(c.over_correction_rate),
    )


def _tests(q: Quality) -> list[tuple[str, str, str, str]]:
    deciding = "**decides**"
    tango = q.deciding.method == "Tango score"
    rows = [
        (
            "McNemar mid-p, Tango score interval",
            difference(q.tango),
            pvalue(q.mcnemar_midp.pvalue),
            deciding if tango else "p **decides**, interval see next line",
        )
    ]
    if not tango:
        rows.append((q.deciding.method, difference(q.deciding.interval), NONE, f"{deciding}: the wider interval"))
    elif q.clustered is not None:
        rows.append(
            (
                f"cluster-robust, {q.clustered.clusters} {q.cluster_name}s",
                difference(q.clustered),
                NONE,
                "narrower, so not used",
            )
        )
    return [
        *rows,
        ("McNemar exact", NONE, pvalue(q.mcnemar_exact.pvalue), "beside"),
        ("Newcombe paired (method 10)", difference(q.newcombe_paired), NONE, "beside"),
        (
            f"two-proportion z-test, z = {q.z_test.statistic:.3f}, Newcombe interval",
            difference(q.z_interval),
            pvalue(q.z_test.pvalue),
            "assumes independence; not used for the decision",
        ),
    ]


def _notes(q: Quality) -> Iterator[str]:
    if q.z_factor is not None:
        yield (
            "The two-proportion z-test ignores that both arms saw the same items: "
            f"its z is {q.z_factor:.2f} times that of McNemar's test on these data."
        )
    if q.cluster_name is None:
        yield "The items name no clusters: they count as unrelated."
    elif q.clustered is None:
        yield f"Too few {q.cluster_name}s for a cluster-robust interval (ten are needed)."
    elif q.clustered.design_effect is not None:
        yield (
            f"Design effect of the {q.cluster_name}s: {q.clustered.design_effect:.2f} "
            f"(cluster-robust interval {limits(q.clustered, '+')} over {q.clustered.clusters} {q.cluster_name}s)."
        )
    seen = f"With {q.n} items and a discordance of {share(q.discordance)}"
    if q.detectable.estimate is None:
        yield f"{seen}, no difference in reach is shown with a power of {share(q.detectable.power)}."
    else:
        yield (
            f"{seen}, a difference of {100 * q.detectable.estimate:.1f} points is shown "
            f"with a power of {share(q.detectable.power)}."
        )
    yield _needed_note(q)
    yield (
        f"Non-inferiority at a margin of {100 * q.noninferiority.margin:g} points: one-sided lower limit "
        f"{points(q.noninferiority.low)} points (Tango score), p {pvalue(q.noninferiority.pvalue)}."
    )
    if q.varying_items:
        yield f"{q.varying_items} items got varying answers and enter with their mean."


def _needed_note(q: Quality) -> str:
    shown = f"{points(q.needed.effect)} points with a power of {share(q.needed.power)}"
    if q.needed.estimate is None:
        return f"No practical number of pairs shows {shown}."
    reached = f", {q.n_more_needed} more than there are" if q.n_more_needed else ""
    return f"It takes {q.needed.estimate} pairs to show {shown}{reached}."


def _running_note(running: Running) -> str:
    reading = (
        f"Read while it runs (always valid, however often one looks): E = {running.statistic:.4g}, "
        f"p {pvalue(running.pvalue)} after {running.n} pairs"
    )
    if running.decided_after is None:
        return f"{reading}; it has not fallen below {running.alpha:g}. The verdict does not use it."
    return f"{reading}; below {running.alpha:g} from pair {running.decided_after} on. The verdict does not use it."


def _tested(family: BucketFamily) -> str:
    head = (family.name, "n", "A", "B", "improved", "regressed", "B minus A", "p", "Holm", "BH", "reading")
    rows = [
        (
            text(row.value),
            str(row.n),
            accuracy(row.accuracy_a),
            accuracy(row.accuracy_b),
            str(row.n_improved),
            str(row.n_regressed),
            difference(row.difference),
            pvalue(row.pvalue),
            pvalue(row.pvalue_holm),
            pvalue(row.pvalue_bh),
            _reading(row),
        )
        for row in family.rows
    ]
    return table(head, rows, 10)


def _described(family: BucketFamily) -> str:
    rows = [
        (
            text(row.value),
            str(row.n),
            accuracy(row.accuracy_a),
            accuracy(row.accuracy_b),
            str(row.n_improved),
            str(row.n_regressed),
        )
        for row in family.rows
    ]
    return table((family.name, "n", "A", "B", "improved", "regressed"), rows, 6)


def _reading(row: Bucket) -> str:
    return f"**{row.flag.value}**" if row.flag in {Flag.REGRESSION, Flag.IMPROVEMENT} else row.flag.value
