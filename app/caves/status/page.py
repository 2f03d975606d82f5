"""A snapshot as a page for people."""

from rich.console import Group, RenderableType
from rich.text import Text

from app.caves.errors import python_reason
from app.caves.status.snapshot import Snapshot
from app.caves.tables import as_table
from app.caves.target import Row

STYLES = {
    "OK": "green",
    "BREACH": "bold red",
    "UNKNOWN": "yellow",
    "suspended": "yellow",
    "FAILED": "bold red",
    "FAILED_AND_AUTO_SUSPENDED": "bold red",
}
NO_ALERT_LOG = (
    "No table OPS.ALERT_LOG: this deployment is older than the alerts; `caves deploy` makes them."
)


def page(snapshot: Snapshot) -> RenderableType:
    """The verdict, then what is behind it, the most urgent first."""
    breached = [row for row in snapshot.metrics if row["STATUS"] == "BREACH"]
    failed = [row for row in snapshot.tasks if row["ERROR"]]
    return Group(
        verdict(snapshot),
        _alerts(snapshot.alerts),
        *(
            [as_table("In breach", [_without(row, "STATUS") for row in breached])]
            if breached
            else []
        ),
        *([as_table("Failed", [_failed(row) for row in failed])] if failed else []),
        as_table("Metrics", [_metric(row) for row in snapshot.metrics], ["DETAIL"]),
        as_table(
            "Tasks", [_task(row) for row in snapshot.tasks], ["LAST_RUN", "SCHEDULE", "SECONDS"]
        ),
        as_table("Streams", snapshot.streams, ["STALE_AFTER"]),
        as_table("Topic, ingested up to", snapshot.partitions, ["LAST_COMMIT"]),
        *([Text(snapshot.topic, style="dim")] if snapshot.topic else []),
        as_table("Newest rows (UTC)", snapshot.freshness),
        as_table("Tables", [_sized(row) for row in snapshot.tables]),
    )


def verdict(snapshot: Snapshot) -> Text:
    """Healthy or not, and by which metrics: `BREACH: INGEST_LAG, LATENCY; 2 alerts are open`."""
    breached = [str(row["METRIC"]) for row in snapshot.metrics if row["STATUS"] == "BREACH"]
    suspended = [row for row in snapshot.tasks if row["STATE"] == "suspended"]
    alerts = len(snapshot.alerts or [])
    parts = [
        *([f"BREACH: {', '.join(breached)}"] if breached else []),
        *([f"{alerts} {'alert is' if alerts == 1 else 'alerts are'} open"] if alerts else []),
    ]
    paused = f"{len(suspended)} of {len(snapshot.tasks)} tasks are suspended" if suspended else ""
    if parts:
        return Text("; ".join([*parts, *filter(None, [paused])]), style="bold red")
    healthy = "Healthy: no metric is in breach, no alert is open"
    return Text("; ".join(filter(None, [healthy, paused])), style="yellow" if paused else "green")


def _alerts(alerts: list[Row] | None) -> RenderableType:
    if alerts is None:
        return Text(NO_ALERT_LOG, style="dim")
    if not alerts:
        return Text("No alert is open.", style="green")
    return as_table("Open alerts", alerts)


def _sized(row: Row) -> Row:
    return {**row, "BYTES": None if row["BYTES"] is None else size(int(row["BYTES"]))}


def size(count: int) -> str:
    """Bytes in the unit in which they are short: `1.5 MB`."""
    value, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.1f} {units[0]}" if units[0] != "bytes" else f"{count} bytes"


def _metric(row: Row) -> Row:
    """What to do is said where something is to be done."""
    return _coloured(_without(row, "ACTION"), "STATUS")


def _task(row: Row) -> Row:
    return _coloured(_without(row, "ERROR"), "STATE", "LAST_STATE")


def _failed(row: Row) -> Row:
    """Of a run that failed the exception alone: `caves logs --debug` has the traceback."""
    return {
        "TASK": row["TASK"],
        "LAST_RUN": row["LAST_RUN"],
        "ERROR": python_reason(str(row["ERROR"])),
    }


def _without(row: Row, name: str) -> Row:
    return {key: value for key, value in row.items() if key != name}


def _coloured(row: Row, *columns: str) -> Row:
    """The words of these columns in their colours."""
    words = {name: str(row[name] or "") for name in columns}
    return {**row, **{name: Text(word, style=STYLES.get(word, "")) for name, word in words.items()}}
