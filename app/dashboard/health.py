"""The pipeline's metrics and incidents in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

Row = dict[str, Any]

TITLES = {
    "INGEST_STALLED": "Ingester",
    "PIPELINE_LATENCY": "Latency",
    "STREAM_LAG": "Rows waiting",
    "TASK_FAILED": "Task",
    "TASK_FAILURES": "Failed runs",
    "TASKS_SUSPENDED": "Tasks",
    "WAREHOUSE_UTILISATION": "Warehouse",
    "LOW_STOCK": "Stock",
}
# What a metric measures, with {value} and {threshold}; how it reads where nothing can be measured.
WORDS = {
    "INGEST_STALLED": ("last sign of life {value} ago, of at most {threshold}", "not seen yet"),
    "PIPELINE_LATENCY": ("p95 {value} of at most {threshold}", "no event in the last hour"),
    "STREAM_LAG": (
        "{value} rows wait in the fullest stream, of fewer than {threshold}",
        "not known",
    ),
    "TASK_FAILURES": ("{value} % of the last day's runs failed, none should", "no run in a day"),
    "WAREHOUSE_UTILISATION": ("busy {value} % of ten minutes, of at most {threshold} %", "unknown"),
    "LOW_STOCK": (
        "products below their threshold: {value}, and none should be",
        "no stock known yet",
    ),
}
TOO_FEW = "No line yet: nothing was measured in two slices of ten minutes of the last six hours."
# What is wrong, with the {object} of the incident.
WRONG = {
    "INGEST_STALLED": "nothing arrives from {object}",
    "PIPELINE_LATENCY": "events arrive late",
    "STREAM_LAG": "rows pile up in {object}",
    "TASK_FAILED": "{object} fails",
    "TASKS_SUSPENDED": "the graph of {object} stands still",
    "WAREHOUSE_UTILISATION": "the warehouse is busy",
}
# Nothing is in the way of an event: the shop's affair, and runs that have recovered since.
NOTES = {"LOW_STOCK": "low stock", "TASK_FAILURES": "runs that failed within a day"}
STATES = {"OK": ("kept", "good"), "BREACH": ("broken", "bad"), "UNKNOWN": ("unknown", "poor")}


@dataclass(frozen=True)
class Verdict:
    """kind: good, poor or bad."""

    kind: str
    text: str


@dataclass(frozen=True)
class Clock:
    """The viewer's: his zone, and the moment of the measurement (UTC, without an offset)."""

    zone: ZoneInfo
    now: datetime

    def moment(self, utc: datetime | None) -> str:
        """`18:03:12`, or with its day where that is another one; empty for none."""
        if utc is None or pd.isna(utc):
            return ""
        local, today = self._local(utc), self._local(self.now)
        if local.date() == today.date():
            return f"{local:%H:%M:%S}"
        return f"{local.day} {local:%b %H:%M}"

    def minute(self, utc: datetime) -> str:
        """`18:03`"""
        return f"{self._local(utc):%H:%M}"

    def ago(self, utc: datetime | None) -> str:
        """`12 s`, `5 min`, `3 h`, `2 d`"""
        return "" if utc is None or pd.isna(utc) else duration((self.now - utc).total_seconds())

    def _local(self, utc: datetime) -> datetime:
        return utc.replace(tzinfo=ZoneInfo("UTC")).astimezone(self.zone)


def duration(seconds: float) -> str:
    """In the unit in which it is short; seconds up to ten minutes, as promises are given."""
    seconds = max(seconds, 0.0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= (size * 2 if size > 60 else 600):
            return f"{seconds / size:,.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:,.1f}".removesuffix(".0") + " s" if seconds < 10 else f"{seconds:,.0f} s"


def words(metric: Row) -> str:
    """`p95 81 s of at most 300 s`"""
    text, unknown = WORDS[metric["METRIC"]]
    if metric["STATUS"] == "UNKNOWN" or pd.isna(metric["VALUE"]):
        return unknown
    return text.format(
        value=_figure(metric["METRIC"], float(metric["VALUE"])),
        threshold=_figure(metric["METRIC"], float(metric["THRESHOLD"])),
    )


def _figure(metric: str, value: float) -> str:
    if metric in ("INGEST_STALLED", "PIPELINE_LATENCY"):
        return duration(value)
    return f"{value:,.1f}".removesuffix(".0")


def verdict(
    metrics: Sequence[Row], incidents: Sequence[Row], newest: datetime | None, clock: Clock
) -> Verdict:
    """One line: what is wrong since when, or that all is well, and until when that is known.

    newest: when the newest row came into production.
    """
    open_ones = [each for each in incidents if each["METRIC"] in WRONG]
    as_of = f"as of {clock.moment(clock.now)}"
    if open_ones:
        since = min(each["OPENED_AT"] for each in open_ones)
        told = [WRONG[each["METRIC"]].format(object=each["OBJECT"]) for each in open_ones]
        return Verdict("bad", f"Since {clock.moment(since)}: {_listed(told)} ({as_of}).")
    broken = [
        WRONG[each["METRIC"]].format(object=each["DETAIL"].partition(":")[0])
        for each in metrics
        if each["STATUS"] == "BREACH" and each["METRIC"] in WRONG
    ]
    if broken:
        return Verdict("bad", f"Just now: {_listed(broken)}; no incident yet ({as_of}).")
    last = f"; the newest row in production came at {clock.moment(newest)}" if newest else ""
    notes = {
        NOTES[each["METRIC"]]
        for each in (*incidents, *metrics)
        if each["METRIC"] in NOTES and each.get("STATUS", "BREACH") == "BREACH"
    }
    if notes:
        return Verdict("poor", f"Events arrive, {as_of}{last}. To look at: {_listed(notes)}.")
    if any(each["METRIC"] == "INGEST_STALLED" and each["STATUS"] == "UNKNOWN" for each in metrics):
        return Verdict("poor", f"No ingester is known, {as_of}{last}. What is known is well.")
    return Verdict("good", f"All is well, {as_of}{last}.")


def _listed(texts: Sequence[str] | set[str]) -> str:
    found = sorted(set(texts)) if isinstance(texts, set) else list(dict.fromkeys(texts))
    more = f" and {len(found) - 4} more" if len(found) > 4 else ""
    return "; ".join(found[:4]) + more


def open_spans(
    incidents: Sequence[Row], metric: str, now: datetime, hours: float = 24
) -> list[tuple[float, float]]:
    """When an incident of the metric was open, as parts from 0 (hours ago) to 1 (now), merged."""
    first = now - timedelta(hours=hours)
    whole = hours * 3600
    spans: list[tuple[float, float]] = []
    for each in sorted(incidents, key=lambda row: row["OPENED_AT"]):
        closed = each["CLOSED_AT"]
        end = now if closed is None or pd.isna(closed) else closed
        if each["METRIC"] != metric or end <= first:
            continue
        start = max((each["OPENED_AT"] - first).total_seconds() / whole, 0.0)
        stop = min((end - first).total_seconds() / whole, 1.0)
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(stop, spans[-1][1]))
        else:
            spans.append((start, stop))
    return spans
