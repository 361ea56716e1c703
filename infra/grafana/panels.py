"""What the dashboard "Traffic by arm" shows, without Grafana's words for it: titles, units, queries.

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
    """One panel of lines: (legend, expression) each, and a sentence that says what to see in it."""

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
        "What clients got.",
        "reqps",
        [("{{status}}", f"sum by (status) (rate(request_total{PER}))")],
    ),
    Graph(
        "Request latency",
        "What clients waited, from the head of the request to the reply; a point leads to its trace.",
        "s",
        _quantiles("request_duration_seconds"),
    ),
    Graph(
        "Runs by arm",
        "An arm that serves has its name, one that shadows has shadow_ before it.",
        "reqps",
        [("{{traffic_arm}}", RUNS)],
    ),
    Graph(
        "Failed runs by arm",
        "error, timeout and bad_output are the arm's own; dropped and cancelled runs are not among them.",
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
        "An arm that serves: from assignment to answer. One that shadows: its service time, the wait is beside it.",
        "s",
        _quantiles("arm_duration_seconds", "traffic_arm", ARM),
    ),
)
SHADOW = (
    Graph(
        "Shadow outcomes",
        "Every shadow has exactly one.",
        "reqps",
        [("{{outcome}}", f"sum by (outcome) (rate(shadow_outcomes_total{PER}))")],
    ),
    Graph(
        "Agreement",
        "The share of pairs in which both arms gave the same text. Which of them is right is the report's question.",
        "percentunit",
        [("agree", f'sum(rate(shadow_agreement_total{{agree="yes"}}{PER})) / sum(rate(shadow_agreement_total{PER}))')],
    ),
    Graph(
        "Shadow queue",
        "Shadows waiting or running; answered requests whose line is not written yet, as a rule those same ones.",
        "short",
        [
            ("waiting or running", "sum(shadow_queue_depth)"),
            ("lines not written yet", "sum(journal_unsettled)"),
            ("process up", "min(shadow_worker_up)"),
        ],
    ),
    Graph("Shadow's wait", "The wait for the worker, before the service time.", "s", _quantiles("shadow_wait_seconds")),
)
SPLIT = (
    Graph(
        "Sample ratio",
        "The share of the requests that an arm got, and what the configuration gives it.",
        "percentunit",
        [
            ("{{traffic_arm}}", f"{RUNS} / scalar({SERVED})"),
            ("{{traffic_arm}}, configured", f"max by (traffic_arm) (route_arm_share{{{ARM}}})"),
        ],
    ),
    Graph(
        "Configuration in force",
        "One line at 1 while a configuration is in force; refused is 1 while the file holds one that is not.",
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
        "Anything but 0 is worth a look: lines that could not be written, lines lost, spans and log lines dropped.",
        "short",
        [
            ("failed writes", f"sum(increase(traffic_log_errors_total{PER}))"),
            ("lines waiting", "sum(traffic_log_waiting)"),
            ("lines lost", f"sum(increase(traffic_log_lost_total{PER}))"),
            ("spans dropped", f"sum(increase(spans_dropped_total{PER}))"),
            ("log lines dropped", f"sum(increase(log_lines_dropped_total{PER}))"),
        ],
    ),
    Graph(
        "Tokens by arm",
        "A shorter answer is a faster one: mind it when latencies are compared.",
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
