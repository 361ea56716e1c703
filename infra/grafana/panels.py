"""The panels of the dashboard "Traffic by arm": titles, descriptions, units and queries, without Grafana's classes.

`$arm` is the dashboard's variable (several values become a regular expression), `$__rate_interval` Grafana's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

ARM = 'traffic_arm=~"$arm"'
PER = "[$__rate_interval]"
QUANTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
RUNS = f"sum by (traffic_arm) (rate(arm_requests_total{{{ARM}}}{PER}))"
SERVED = f'sum(rate(arm_requests_total{{traffic_arm!~"shadow_.*"}}{PER}))'
FAILED = 'status=~"error|timeout|bad_output"'
Queries = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Graph:
    """One panel of lines, as (legend, expression) pairs. `about` is the description shown in Grafana."""

    title: str
    about: str
    unit: str
    queries: Queries


def _quantiles(histogram: str, by: str = "", arm: str = "") -> Queries:
    legend = f" {{{{{by}}}}}" if by else ""
    groups = f"le, {by}" if by else "le"
    return [
        (name + legend, f"histogram_quantile({q}, sum by ({groups}) (rate({histogram}_bucket{{{arm}}}{PER})))")
        for name, q in QUANTILES
    ]


REQUESTS = (
    Graph(
        "Requests by status",
        "Responses to clients, by HTTP status.",
        "reqps",
        [("{{status}}", f"sum by (status) (rate(request_total{PER}))")],
    ),
    Graph(
        "Request latency",
        "Time from the head of a request to its response. Points link to traces.",
        "s",
        _quantiles("request_duration_seconds"),
    ),
    Graph(
        "Runs by arm",
        "A serving arm appears under its name, a shadowing arm with the prefix shadow_.",
        "reqps",
        [("{{traffic_arm}}", RUNS)],
    ),
    Graph(
        "Failed runs by arm",
        "Share of runs that ended as error, timeout or bad_output. Dropped and cancelled runs do not count.",
        "percentunit",
        [
            (
                "{{traffic_arm}}",
                f"sum by (traffic_arm) (rate(arm_requests_total{{{ARM},{FAILED}}}{PER})) / {RUNS}",
            )
        ],
    ),
)
LATENCY = (
    Graph(
        "Latency by arm",
        "Serving arm: from assignment to answer. Shadowing arm: service time only, see Shadow wait.",
        "s",
        _quantiles("arm_duration_seconds", "traffic_arm", ARM),
    ),
)
SHADOW = (
    Graph(
        "Shadow outcomes",
        "Shadow requests by outcome; each has exactly one.",
        "reqps",
        [("{{outcome}}", f"sum by (outcome) (rate(shadow_outcomes_total{PER}))")],
    ),
    Graph(
        "Agreement",
        "Share of pairs in which both arms gave the same text. The report says which of them is right.",
        "percentunit",
        [("agree", f'sum(rate(shadow_agreement_total{{agree="yes"}}{PER})) / sum(rate(shadow_agreement_total{PER}))')],
    ),
    Graph(
        "Shadow queue",
        "Shadow requests waiting or running; answered requests without a line yet. Normally these are equal.",
        "short",
        [
            ("waiting or running", "sum(shadow_queue_depth)"),
            ("lines not written yet", "sum(journal_unsettled)"),
            ("worker up", "min(shadow_worker_up)"),
        ],
    ),
    Graph(
        "Shadow wait",
        "Time in the queue before the worker starts on a request.",
        "s",
        _quantiles("shadow_wait_seconds"),
    ),
)
SPLIT = (
    Graph(
        "Sample ratio",
        "Each arm's share of the requests, and its share in the configuration.",
        "percentunit",
        [
            ("{{traffic_arm}}", f"{RUNS} / scalar({SERVED})"),
            ("{{traffic_arm}}, configured", f"max by (traffic_arm) (route_arm_share{{{ARM}}})"),
        ],
    ),
    Graph(
        "Configuration in force",
        "1 while a configuration is in force. `refused` is 1 while route_config.json holds one that was refused.",
        "short",
        [
            ("{{strategy}} {{salt}} {{config_sha}}", "max by (strategy, salt, config_sha) (route_config_info)"),
            ("refused", "max(route_config_refused)"),
        ],
    ),
)
EVIDENCE = (
    Graph(
        "Evidence and telemetry lost",
        "Should be 0: lines of traffic.log not written or lost, spans and log lines dropped, metric values rejected.",
        "short",
        [
            ("failed writes", f"sum(increase(traffic_log_errors_total{PER}))"),
            ("lines waiting", "sum(traffic_log_waiting)"),
            ("lines lost", f"sum(increase(traffic_log_lost_total{PER}))"),
            ("spans dropped", f"sum(increase(spans_dropped_total{PER}))"),
            ("log lines dropped", f"sum(increase(log_lines_dropped_total{PER}))"),
            ("telemetry errors", f"sum(increase(telemetry_errors_total{PER}))"),
        ],
    ),
    Graph(
        "Tokens by arm",
        "Shorter answers are faster: keep that in mind when you compare latencies.",
        "short",
        [("{{traffic_arm}}", f"sum by (traffic_arm) (rate(tokens_total{{{ARM}}}{PER}))")],
    ),
)
HEATMAP = f"sum by (le) (increase(arm_duration_seconds_bucket{{{ARM}}}{PER}))"
TRACEQL = (
    ("Traces by arm", '{ span.traffic.arm =~ "$arm" }'),
    ("Traces of shadow_B", '{ span.traffic.arm = "shadow_B" }'),
)
LOGQL = '{job="lynx"} | json | traffic_arm =~ "$arm"'
