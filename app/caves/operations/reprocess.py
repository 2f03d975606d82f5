"""The transforms once more over a window of RAW, slice by slice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from snowflake.connector.errors import ProgrammingError

from app.caves.errors import CommandError
from app.caves.operations.procedures import call
from app.caves.screen import Progress
from app.caves.target import Account, is_missing

CALL = "CALL {db}.OPS.REPROCESS(?::TIMESTAMP_NTZ, ?::TIMESTAMP_NTZ)"
EXTENT = """
SELECT
    MIN(r.INGESTION_TIMESTAMP) AS FIRST_ONE,
    MAX(r.INGESTION_TIMESTAMP) AS LAST_ONE,
    COUNT(*) AS EVENTS
FROM {db}.RAW_DATA.RAW_EVENTS_STREAM r
CROSS JOIN (SELECT PARSE_JSON(?) AS CHOICE) c
WHERE r.INGESTION_TIMESTAMP >= c.CHOICE:since::TIMESTAMP_NTZ
    AND r.INGESTION_TIMESTAMP < c.CHOICE:until::TIMESTAMP_NTZ
"""
# What the procedure counts, in words.
COUNTS = {
    "events": "events ingested in the window",
    "waiting": "left to the streams, which have not given them out yet",
    "discarded": "discarded by somebody, left so",
    "staged": "put into STAGING",
    "retried": "rejections that became RETRIED",
    "corrected": "orders corrected in STAGING",
    "corrected_orders": "rows corrected in ORDERS",
    "rejected": "rejected now",
    "still_rejected": "still rejected, with today's reason",
    "kept": "kept as they are, though today's transforms differ",
}


@dataclass(frozen=True)
class Window:
    """From a moment on, and before another."""

    since: datetime
    until: datetime

    def slices(self, length: timedelta) -> Iterator["Window"]:
        """The window in parts of at most this length; each is one transaction."""
        start = self.since
        while start < self.until:
            end = min(start + length, self.until)
            yield Window(start, end)
            start = end


def reprocess(
    account: Account, window: Window, length: timedelta, progress: Progress
) -> dict[str, int]:
    """All counts of COUNTS, over all slices.

    A slice that is done stays done: after an interruption the same window can be given again.
    """
    total = dict.fromkeys(COUNTS, 0)
    extent = _extent(account, window)
    if extent is None:
        return total
    slices = list(extent.slices(length))
    for number, each in enumerate(slices, start=1):
        values = (each.since.isoformat(sep=" "), each.until.isoformat(sep=" "))
        counts = call(account, CALL, values)
        for name in total:
            total[name] += counts[name]
        changes = ", ".join(f"{value} {name}" for name, value in counts.items() if value)
        progress(f"[{number}/{len(slices)}] from {values[0]}: {changes or 'nothing'}")
    return total


def _extent(account: Account, window: Window) -> Window | None:
    """The part of the window in which there are events."""
    value = f'{{"since": "{window.since}", "until": "{window.until}"}}'
    try:
        row = account.row(EXTENT, (value,))
    except ProgrammingError as error:
        if is_missing(error):
            raise CommandError(
                f"the pipeline is not in {account.database}: run `caves deploy` first"
            ) from error
        raise
    if not row["EVENTS"]:
        return None
    return Window(row["FIRST_ONE"], row["LAST_ONE"] + timedelta(microseconds=1))
