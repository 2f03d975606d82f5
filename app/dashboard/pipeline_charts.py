"""The charts of the pipeline's page, in the viewer's time zone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import charts
import pipeline_markup as markup
from charts import Bar, Point
from health import Clock, Row

HOPS = {
    "RAW_DATA.RAW_EVENTS_STREAM": "1 into RAW",
    "RAW_DATA.REJECTED_EVENTS": "1 rejected",
    "STAGING.STG_ORDERS": "2 staged orders",
    "STAGING.STG_INVENTORY_ADJ": "2 staged adjustments",
    "PRODUCTION.ORDERS": "3 orders in production",
    "PRODUCTION.INVENTORY_HISTORY": "3 adjustments in production",
}
SLICE, MINUTE = timedelta(minutes=10), timedelta(minutes=1)
# Of the minutes below the bars.
LABELLED = 10


def spark(title: str, slices: Sequence[Row], promise: float, clock: Clock) -> str:
    """The last hours as a small line, with the promise dashed. A slice without a value is a gap."""
    values = {each["SLICE"]: each["VALUE"] for each in slices}
    moment, last = min(values), max(values)
    points = []
    while moment <= last:
        value = values.get(moment)
        told = "" if value is None else f"{clock.moment(moment)}: {value:,.1f}".removesuffix(".0")
        points.append(Point(told, value))
        moment += SLICE
    return charts.line(points, f"{title}, the last hours", promise)


def rows_per_minute(rows: Sequence[Row], clock: Clock) -> str:
    """Bars for each minute of the last hour, hop below hop: where nothing ran there is a gap, also
    at the end."""
    last = clock.now.replace(second=0, microsecond=0)
    minutes = [last - MINUTE * back for back in range(60, -1, -1)]
    counts = {(each["TABLE_NAME"], each["MINUTE"]): int(each["ROW_COUNT"]) for each in rows}
    return "".join(
        markup.quiet(title)
        + _bars(title, minutes, [counts.get((table, at)) for at in minutes], clock)
        for table, title in HOPS.items()
        if any(each["TABLE_NAME"] == table for each in rows)
    )


def _bars(
    title: str, minutes: Sequence[datetime], counts: Sequence[int | None], clock: Clock
) -> str:
    bars = [
        Bar(
            f"{clock.minute(at)}: {count or 0:,} rows",
            count,
            clock.minute(at) if at.minute % LABELLED == 0 else "",
        )
        for at, count in zip(minutes, counts, strict=True)
    ]
    return charts.upright(bars, f"{title}, rows by the minute", "{:,.0f}".format, 72, 2)
