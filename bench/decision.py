"""`./just bench-decision`: error rates of the decision rule, and the real coverage and level of every interval and
test.

Simulated labs with a known truth are judged by the same functions as real ones. Prints tables and writes them, with
every parameter, to `results/decision.json`. `docs/statistics-checked.md` quotes a run.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import msgspec

from bench.drawn_rates import bootstrap, clustered, paired_by_drawing, ranks, sequential, slices
from bench.exact_rates import one_proportion, paired, two_proportions
from bench.rates import AT_MARGIN, BETTER, SAME, Rate
from bench.result import write_result
from bench.simulated_lab import Shape, Truth, judge
from bench.table import table
from minieval.manifest import Aim, Margins
from minieval.verdict.verdict import Verdict

SEED = 38
RUNS = 1500
SIZES = (50, 200, 1000)
WORSE = (0.80, 0.04, 0.09, 0.07)
VERDICTS = (Verdict.PROMOTE, Verdict.HOLD, Verdict.RETRAIN)
TRUTHS = (
    Truth("A = B", SAME),
    Truth("B +10 points, same latency", BETTER),
    Truth("B +10 points, latency x 1.20", BETTER, factor=1.20),
    Truth("B +10 points, a tenth of its requests 4 times slower", BETTER, slow_share=0.1, slow_factor=4.0),
    Truth("B -5 points", WORSE),
)
DOCUMENTED = ((0.022, 0.823, 0.155), (0.926, 0.074, 0.0), (0.049, 0.951, 0.0), (0.001, 0.999, 0.0), (0.0, 0.211, 0.789))
"""Shares of promote, hold and retrain for each truth in the specification, which simulated them independently."""
MARGIN_TRUTHS = (Truth("A = B", SAME), Truth("B -3 points, at the margin", AT_MARGIN), Truth("B -5 points", WORSE))


@dataclass(frozen=True)
class Row:
    """The verdicts on one truth under one policy and shape."""

    truth: str
    aim: Aim
    sliced: bool
    runs: int
    shares: Mapping[str, float]
    documented: Mapping[str, float] | None


def rule(runs: int, pool: ProcessPoolExecutor) -> list[Row]:
    """Return the verdicts of the rule: as the statistics page simulated it, with slices and verbs, and non_inferior."""
    rows: list[Row] = []
    for sliced in (False, True):
        for truth, documented in zip(TRUTHS, DOCUMENTED, strict=True):
            named = dict(zip((v.value for v in VERDICTS), documented, strict=True))
            rows.append(_row(truth, "better", Shape(sliced=sliced), runs, pool, named))
    rows += [_row(truth, "non_inferior", Shape(sliced=True), runs, pool, None) for truth in MARGIN_TRUTHS]
    return rows


def rates(scale: float, pool: ProcessPoolExecutor) -> list[Rate]:
    """Return coverage and level of everything at every size; scale shortens what is drawn."""
    tasks: list[Callable[[], list[Rate]]] = []
    # The longest tasks first, so that no core idles at the end.
    for n in reversed(SIZES):
        few, many = (max(10, round(scale * runs)) for runs in ((400, 20_000) if n == 1000 else (2_000, 20_000)))
        tasks += [
            partial(_all, paired, n),
            partial(_all, bootstrap, n, few, 499, SEED),
            partial(_all, ranks, n, few, SEED),
            partial(_all, slices, n, few, SEED),
            partial(_all, sequential, n, few, SEED),
            partial(_all, clustered, n, few, SEED),
            partial(_all, paired_by_drawing, n, many, SEED),
            partial(_all, two_proportions, n),
            partial(_all, one_proportion, n),
        ]
    found = [rate for future in [pool.submit(task) for task in tasks] for rate in future.result()]
    order = list(dict.fromkeys((rate.what, rate.truth) for rate in found))
    return sorted(found, key=lambda rate: (order.index((rate.what, rate.truth)), rate.n))


def rule_table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the verdicts beside those of the statistics page."""
    shown = []
    for row in rows:
        cells = [f"{row['shares'][v.value]:.3f}" for v in VERDICTS]
        documented = row["documented"]
        cells += ["" if documented is None else f"{documented[v.value]:.3f}" for v in VERDICTS]
        shown.append([row["truth"], row["aim"], "yes" if row["sliced"] else "no", *cells])
    header = ("truth", "policy", "slices, verbs", "promote", "hold", "retrain", "page: promote", "hold", "retrain")
    return table(header, shown)


def rate_table(found: Sequence[Mapping[str, Any]]) -> str:
    """Return a row per statistic and truth, with its rates at every size."""
    by: dict[tuple[str, str, float], dict[int, str]] = {}
    for rate in found:
        exact = rate["runs"] is None
        cell = f"{rate['rate']:.4f}" if exact else f"{rate['rate']:.3f} ± {rate['standard_error']:.3f}"
        by.setdefault((rate["what"], rate["truth"], rate["nominal"]), {})[rate["n"]] = cell
    rows = [
        [what, truth, f"{nominal:g}", *(cells.get(n, "") for n in SIZES)]
        for (what, truth, nominal), cells in by.items()
    ]
    return table(("statistic", "truth", "nominal", *(f"n = {n}" for n in SIZES)), rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench; `--quick` is a tenth of it and writes nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs; prints the result without saving it")
    options = parser.parse_args(argv)
    scale = 0.1 if options.quick else 1.0
    with ProcessPoolExecutor(2) as pool:
        rows = [asdict(row) for row in rule(round(scale * RUNS), pool)]
        found = [{**asdict(rate), "standard_error": rate.standard_error} for rate in rates(scale, pool)]
    print(rule_table(rows), end="\n\n")
    print(rate_table(found))
    if not options.quick:
        parameters = {
            "seed": SEED,
            "alpha": 0.05,
            "margins": msgspec.structs.asdict(Margins()),
            "lab": asdict(Shape()),
            "truths": [asdict(truth) for truth in (*TRUTHS, *MARGIN_TRUTHS[1:])],
        }
        path = write_result("decision", {"parameters": parameters, "rule": rows, "rates": found})
        print(f"\nwritten: {path}")
    return 0


def _row(
    truth: Truth,
    aim: Aim,
    shape: Shape,
    runs: int,
    pool: ProcessPoolExecutor,
    documented: Mapping[str, float] | None,
) -> Row:
    one = partial(_verdict, truth, shape, aim)
    counted = Counter(pool.map(one, range(SEED * 10**6, SEED * 10**6 + runs), chunksize=50))
    shares = {v.value: counted[v.value] / runs for v in VERDICTS}
    return Row(truth.name, aim, shape.sliced, runs, shares, documented)


def _verdict(truth: Truth, shape: Shape, aim: Aim, seed: int) -> str:
    return judge(truth, shape, aim, seed, Margins()).value


def _all(measure: Callable[..., Iterable[Rate]], *arguments: float) -> list[Rate]:
    return list(measure(*arguments))


if __name__ == "__main__":
    sys.exit(main())
