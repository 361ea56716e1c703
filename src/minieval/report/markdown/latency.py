"""The latency section of report.md: the A/B block, which decides, and the shadow, which does not."""

from collections.abc import Iterator

from minieval.analysis import LatencySection
from minieval.measures.latency import ArmLatency, LatencyComparison
from minieval.report.figures.figures import LATENCY
from minieval.report.markdown.markdown import table, text
from minieval.report.noise import NoiseFloor, noise_sentence
from minieval.report.notation import NONE, percentile, pvalue, ratio
from minieval.stats import Percentile


def latency_section(section: LatencySection, noise: NoiseFloor | str | None) -> Iterator[str]:
    """Yield percentiles per arm with their limits, the comparison, and the shadow's paired test.

    A noise floor that is text says why there is none.
    """
    served = section.served
    yield "## Latency (from A/B)"
    yield (
        "Milliseconds from assignment to answer, as the clients' requests had them. "
        f"Percentile rule: {section.rule}. Limits are order statistics; "
        f"below {section.fewest_for_p99} requests per arm a p99 has no upper limit and gates nothing."
    )
    if served.a.distribution or served.b.distribution:
        yield f"![Share of requests answered within so many ms, per arm; the table has the numbers]({LATENCY})"
    rows = [_arm(arm) for arm in (served.a, served.b)]
    rows += [_survivors(arm) for arm in (served.a, served.b) if arm.survivors]
    yield table(("arm", "n", "failed", "p50", "p95", "p99"), rows, 6)
    if served.comparison is None:
        yield "No comparison: an arm served no request."
    else:
        yield from _comparison(served.comparison)
    notes = [
        f"Split: {served.a.n} requests on A, {served.b.n} on B; exact sample-ratio p {pvalue(served.split.pvalue)}."
    ]
    if served.a.warmup or served.b.warmup:
        notes.append(f"Warm-up left out, as declared: {served.a.warmup} requests on A, {served.b.warmup} on B.")
    if served.a.excluded or served.b.excluded:
        notes.append(f"Never run, left out: {served.a.excluded} requests on A, {served.b.excluded} on B.")
    if section.shadow is not None:
        known = section.shadow.estimate
        shown = "unknown" if known is None else f"{known:.3f}"
        notes.append(
            f"Shadow latency, **not decision data** (B runs off the request path on the same machine): median ratio "
            f"{shown} over {section.shadow.n} pairs, Wilcoxon signed-rank p {pvalue(section.shadow.pvalue)}."
        )
    notes.extend(
        f"A margin of {tighter.margin:.2f} on the {tighter.name} ratio would need about "
        f"{tighter.requests_per_arm} requests per arm if B is as fast as A."
        for tighter in section.tighter
        if tighter.requests_per_arm is not None
    )
    notes.append(f"Noise floor: {text(noise_sentence(noise), 400)}")
    notes.append("Latency depends on the answer: an arm that leaves more sentences unchanged is faster.")
    yield "\n".join(f"- {note}" for note in notes)


def _arm(arm: ArmLatency) -> tuple[str, ...]:
    return (text(arm.arm), str(arm.n), str(arm.censored), *_cells(arm.percentiles))


def _survivors(arm: ArmLatency) -> tuple[str, ...]:
    label = f"{text(arm.arm)}, answered only (sensitivity)"
    return (label, str(arm.n - arm.censored), "0", *_cells(arm.survivors))


def _cells(found: tuple[Percentile, ...]) -> tuple[str, ...]:
    return tuple(percentile(p) for p in found) or ("not measured",) * 3


def _comparison(found: LatencyComparison) -> Iterator[str]:
    test = found.mann_whitney
    level = f"{100 * found.p50.ratio.confidence:g} %"
    yield table(
        ("B against A", f"estimate, {level} interval", "p"),
        [
            ("Hodges-Lehmann ratio (p50 gate)", ratio(found.p50.ratio), pvalue(test.pvalue)),
            (f"p95 ratio, {found.p95.ratio.method} (p95 gate)", ratio(found.p95.ratio), NONE),
            ("P(B slower) + P(tie) / 2", f"{test.probability_slower:.3f}", pvalue(test.pvalue)),
        ],
        3,
    )
    yield (
        f"Mann-Whitney U = {test.statistic:.1f}, two-sided p {pvalue(test.pvalue)}. The gates use the one-sided upper "
        f"limits at {100 * (1 + found.p50.gate_ratio.confidence) / 2:g} %: "
        f"{_upper(found.p50.gate_ratio.high)} for p50, {_upper(found.p95.gate_ratio.high)} for p95."
    )
    if found.thinned:
        yield "Hodges-Lehmann on 20,000 requests per arm, chosen by a hash of their record ids."


def _upper(limit: float | None) -> str:
    return "not estimable" if limit is None else f"{limit:.3f}"
