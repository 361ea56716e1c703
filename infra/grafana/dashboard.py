"""Renders the dashboard "Traffic by arm" to dashboards/traffic.json; --check only compares.

panels.py defines the panels. Everything around them comes from Grafana's own SDK, whose models are generated from the
schema that Grafana publishes.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard, heatmap, logs, loki, prometheus, table, tempo, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DataSourceRef,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.tempo import SearchTableType
from panels import EVIDENCE, HEATMAP, LATENCY, LOGQL, REQUESTS, SHADOW, SPLIT, TRACEQL, Graph

RENDERED = Path(__file__).parent / "dashboards" / "traffic.json"
# As provisioning/datasources/lynx.yaml names them.
METRICS = DataSourceRef(type_val="prometheus", uid="lynx-prometheus")
TRACES = DataSourceRef(type_val="tempo", uid="lynx-tempo")
LOGS = DataSourceRef(type_val="loki", uid="lynx-loki")
AnyPanel = timeseries.Panel | heatmap.Panel | table.Panel | logs.Panel


def build() -> Dashboard:
    """Return the dashboard."""
    arm = (
        dashboard.QueryVariable("arm")
        .label("traffic.arm")
        .datasource(METRICS)
        .query("label_values(arm_requests_total, traffic_arm)")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(VariableOption(text="All", value="$__all", selected=True))
    )
    made = (
        dashboard.Dashboard("Traffic by arm")
        .uid("lynx-traffic")
        .description("Lynx: A in production, B in the shadow or splitting traffic with A. Runbook: docs/operations.md.")
        .tags(["lynx"])
        .time("now-30m", "now")
        .refresh("10s")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(arm)
    )
    rows: dict[str, list[AnyPanel]] = {
        "Requests": [_graph(graph) for graph in REQUESTS],
        "Latency": [*(_graph(graph) for graph in LATENCY), _heatmap()],
        "Shadow": [_graph(graph) for graph in SHADOW],
        "Split": [_graph(graph) for graph in SPLIT],
        "Evidence": [_graph(graph) for graph in EVIDENCE],
        "Traces and logs": [*(_traces(title, query) for title, query in TRACEQL), _logs()],
    }
    ids = count(1)
    for row, panels in rows.items():
        made.with_row(dashboard.Row(row).id(next(ids)))
        for panel in panels:
            made.with_panel(panel.id(next(ids)).height(8))
    return made.build()


def render(made: Dashboard) -> str:
    """Return the dashboard as the JSON that Grafana reads."""
    return json.dumps(made, cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def reread(text: str) -> str:
    """Read the JSON into the SDK's models and render it again, which drops whatever no model knows."""
    register_default_plugins()
    return render(Dashboard.from_json(json.loads(text)))


def _graph(graph: Graph) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .title(graph.title)
        .description(graph.about)
        .datasource(METRICS)
        .unit(graph.unit)
        .min(0)
        .span(12)
        .fill_opacity(8)
        .show_points(common.VisibilityMode.NEVER)
        .legend(
            common_builders.VizLegendOptions()
            .show_legend(True)
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
        )
        .tooltip(
            common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
        )
    )
    for letter, (legend, expression) in zip("ABCDEFGHIJ"[: len(graph.queries)], graph.queries, strict=True):
        panel.with_target(_query(letter, expression, legend).exemplar("histogram_quantile" in expression))
    return panel


def _query(letter: str, expression: str, legend: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(letter).datasource(METRICS).expr(expression).legend_format(legend).range()


def _heatmap() -> heatmap.Panel:
    return (
        heatmap.Panel()
        .title("Latency heatmap")
        .description("Select one arm above, otherwise the arms are added up. Two bands mean two kinds of requests.")
        .datasource(METRICS)
        .span(12)
        .calculate(False)
        .color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Blues").steps(64))
        .y_axis(heatmap.YAxisConfig().unit("s"))
        .show_y_histogram()
        .with_target(_query("A", HEATMAP, "{{le}}").format(PromQueryFormat.HEATMAP))
    )


def _traces(title: str, query: str) -> table.Panel:
    return (
        table.Panel()
        .title(title)
        .description("One trace per request. It includes the shadow's span, which ends when B ends.")
        .datasource(TRACES)
        .span(12)
        .with_target(
            tempo.TempoQuery()
            .ref_id("A")
            .datasource(TRACES)
            .query_type("traceql")
            .query(query)
            .limit(50)
            .table_type(SearchTableType.SPANS)
        )
    )


def _logs() -> logs.Panel:
    return (
        logs.Panel()
        .title("Log lines by arm")
        .description("Log lines of the requests that an arm served and of its shadow runs.")
        .datasource(LOGS)
        .span(24)
        .show_time(True)
        .wrap_log_message(True)
        .enable_log_details(True)
        .sort_order(common.LogsSortOrder.DESCENDING)
        .with_target(loki.Dataquery().ref_id("A").datasource(LOGS).expr(LOGQL).max_lines(200))
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Write the dashboard, or with --check return 1 if the file is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args(argv)
    text = render(build())
    if reread(text) != text:
        print("dashboard.py renders keys that Grafana's models do not know", file=sys.stderr)
        return 1
    if not options.check:
        RENDERED.write_text(text, encoding="utf-8")
        return 0
    if not RENDERED.exists() or RENDERED.read_text(encoding="utf-8") != text:
        print(f"{RENDERED.name} is out of date: run ./just dashboard", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
