"""Is a difference real, and how large is it? Pure mathematics on numbers and arrays, without any input or output.

Tests and intervals for accuracies (proportions, paired_proportions, clustered), latencies (percentiles, quantiles,
location) and throughput (rates), and corrections for testing many hypotheses (multiplicity). Every function that the
documents name can be imported from here and returns a frozen, documented result (results).
"""

from minieval.stats.clustered import ClusteredInterval, cluster_robust_interval
from minieval.stats.latency.location import (
    MannWhitney,
    SignedRank,
    hodges_lehmann_ratio,
    hodges_lehmann_shift,
    mann_whitney,
    wilcoxon,
)
from minieval.stats.latency.percentiles import (
    RULE,
    OrderStatistic,
    Percentile,
    distribution,
    percentile,
    requests_for_upper_limit,
)
from minieval.stats.latency.quantiles import (
    RESAMPLES,
    QuantileContrast,
    bootstrap_quantile,
    harrell_davis,
    quantile_ratio,
    quantile_shift,
)
from minieval.stats.multiplicity import benjamini_hochberg, holm, tarone
from minieval.stats.paired_proportions import (
    NonInferiority,
    always_valid_mcnemar,
    mcnemar_exact,
    mcnemar_midp,
    newcombe_paired_interval,
    noninferiority,
    smallest_midp,
    tango_interval,
    tango_statistic,
)
from minieval.stats.power import (
    DetectableEffect,
    PairsNeeded,
    midp_power,
    minimum_detectable_effect,
    pairs_needed,
)
from minieval.stats.proportions import (
    SAMPLE_RATIO_ALPHA,
    SampleRatio,
    accuracy_interval,
    clopper_pearson_upper,
    newcombe_interval,
    sample_ratio,
    two_proportion_ztest,
)
from minieval.stats.rates import mean_rate, quotient
from minieval.stats.results import Interval, OpenInterval, Significance

__all__ = [
    "RESAMPLES",
    "RULE",
    "SAMPLE_RATIO_ALPHA",
    "ClusteredInterval",
    "DetectableEffect",
    "Interval",
    "MannWhitney",
    "NonInferiority",
    "OpenInterval",
    "OrderStatistic",
    "PairsNeeded",
    "Percentile",
    "QuantileContrast",
    "SampleRatio",
    "SignedRank",
    "Significance",
    "accuracy_interval",
    "always_valid_mcnemar",
    "benjamini_hochberg",
    "bootstrap_quantile",
    "clopper_pearson_upper",
    "cluster_robust_interval",
    "distribution",
    "harrell_davis",
    "hodges_lehmann_ratio",
    "hodges_lehmann_shift",
    "holm",
    "mann_whitney",
    "mcnemar_exact",
    "mcnemar_midp",
    "mean_rate",
    "midp_power",
    "minimum_detectable_effect",
    "newcombe_interval",
    "newcombe_paired_interval",
    "noninferiority",
    "pairs_needed",
    "percentile",
    "quantile_ratio",
    "quantile_shift",
    "quotient",
    "requests_for_upper_limit",
    "sample_ratio",
    "smallest_midp",
    "tango_interval",
    "tango_statistic",
    "tarone",
    "two_proportion_ztest",
    "wilcoxon",
]
