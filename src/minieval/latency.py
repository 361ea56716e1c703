"""The statistics of latency, under the names that docs and reports use; each lives in a module of its own."""

from minieval.location import (
    MannWhitney,
    SignedRank,
    hodges_lehmann_ratio,
    hodges_lehmann_shift,
    mann_whitney,
    wilcoxon,
)
from minieval.percentiles import (
    RULE,
    OrderStatistic,
    Percentile,
    distribution,
    percentile,
    requests_for_upper_limit,
)
from minieval.quantiles import (
    QuantileContrast,
    bootstrap_quantile,
    harrell_davis,
    quantile_ratio,
    quantile_shift,
)

__all__ = [
    "RULE",
    "MannWhitney",
    "OrderStatistic",
    "Percentile",
    "QuantileContrast",
    "SignedRank",
    "bootstrap_quantile",
    "distribution",
    "harrell_davis",
    "hodges_lehmann_ratio",
    "hodges_lehmann_shift",
    "mann_whitney",
    "percentile",
    "quantile_ratio",
    "quantile_shift",
    "requests_for_upper_limit",
    "wilcoxon",
]
