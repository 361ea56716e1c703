"""The statistics of quality, under the names that docs and reports use; each lives in a module of its own."""

from minieval.clustered import ClusteredInterval, cluster_robust_interval
from minieval.matched import (
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
from minieval.multiplicity import benjamini_hochberg, holm, tarone
from minieval.power import (
    DetectableEffect,
    PairsNeeded,
    midp_power,
    minimum_detectable_effect,
    pairs_needed,
)
from minieval.proportions import (
    SampleRatio,
    accuracy_interval,
    clopper_pearson_upper,
    newcombe_interval,
    sample_ratio,
    two_proportion_ztest,
)
from minieval.results import Interval, OpenInterval, Significance

__all__ = [
    "ClusteredInterval",
    "DetectableEffect",
    "Interval",
    "NonInferiority",
    "OpenInterval",
    "PairsNeeded",
    "SampleRatio",
    "Significance",
    "accuracy_interval",
    "always_valid_mcnemar",
    "benjamini_hochberg",
    "clopper_pearson_upper",
    "cluster_robust_interval",
    "holm",
    "mcnemar_exact",
    "mcnemar_midp",
    "midp_power",
    "minimum_detectable_effect",
    "newcombe_interval",
    "newcombe_paired_interval",
    "noninferiority",
    "pairs_needed",
    "sample_ratio",
    "smallest_midp",
    "tango_interval",
    "tango_statistic",
    "tarone",
    "two_proportion_ztest",
]
