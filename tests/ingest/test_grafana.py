"""docs/ about the metrics: what it names exists, and what exists is named."""

import json
import re
from pathlib import Path

from prometheus_client import generate_latest

from ingest.metrics import Metrics

DOCS = Path(__file__).parents[2] / "docs"
NAME = re.compile(r"\bcaves_ingest_\w+")


def exposed() -> set[str]:
    """The names of all samples that an ingester exposes, but for when they were created."""
    metrics = Metrics()
    metrics.set_lags({0: 1})
    lines = generate_latest(metrics.registry).decode().splitlines()
    names = {line.split("{")[0].split(" ")[0] for line in lines if not line.startswith("#")}
    return {name for name in names if not name.endswith("_created")}


def families() -> set[str]:
    """A histogram's samples are one metric."""
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in exposed()}


def test_the_list_of_metrics_is_complete() -> None:
    assert set(NAME.findall((DOCS / "metrics.md").read_text("utf-8"))) == families()


def test_the_grafana_dashboard_asks_for_metrics_that_there_are_and_for_all_of_them() -> None:
    dashboard = json.loads((DOCS / "grafana-ingester.json").read_text("utf-8"))
    queries = [
        target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])
    ]
    asked = {name for query in queries for name in NAME.findall(query)}
    assert asked <= exposed()
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked} == families()


def test_the_panels_of_the_grafana_dashboard_do_not_overlap() -> None:
    dashboard = json.loads((DOCS / "grafana-ingester.json").read_text("utf-8"))
    places = [
        (place["x"] + column, place["y"] + row)
        for place in (panel["gridPos"] for panel in dashboard["panels"])
        for column in range(place["w"])
        for row in range(place["h"])
    ]
    assert len(places) == len(set(places))
    assert max(column for column, _ in places) < 24
