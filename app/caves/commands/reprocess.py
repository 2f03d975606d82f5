"""`caves reprocess`: today's transforms over a window of RAW, slice by slice."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from snowflake.connector.errors import ProgrammingError

from app.caves.errors import CommandError, UsageError
from app.caves.flags import TIME_FORMS, moment, now, number
from app.caves.operations.procedures import REPROCESS, call
from app.caves.screen import Progress, Screen
from app.caves.tables import as_table
from app.caves.target import Account, is_missing, project_and_target

EPILOG = """\
It can be repeated, and run while the tasks run. Rows of STAGING that today's transforms would write
the same stay; orders with other values are corrected in STAGING and in ORDERS; rejected events that
are valid today are retried; events missing from STAGING are added. Adjustments in the history never
change: send a correcting adjustment. --json prints the counts by the names of the table.
"""

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
    "waiting": "still in a stream: left to the tasks",
    "discarded": "discarded before, left unchanged",
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


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = account_command(commands, "reprocess", run_reprocess)
    each.epilog, each.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    each.add_argument(
        "--since",
        type=moment,
        metavar="TIME",
        required=True,
        help=f"events ingested from then on: {TIME_FORMS}",
    )
    each.add_argument("--until", type=moment, metavar="TIME", help="and before then (now)")
    each.add_argument(
        "--slice-hours",
        type=number,
        default=24.0,
        metavar="HOURS",
        help="hours of events in one transaction (24)",
    )


def run_reprocess(arguments: argparse.Namespace, screen: Screen) -> int:
    window = Window(arguments.since, arguments.until or now())
    if window.since >= window.until:
        raise UsageError(f"--since {window.since} is not before --until {window.until}")
    if not 0 < arguments.slice_hours <= 24 * 366:
        raise UsageError(f"--slice-hours {arguments.slice_hours:g} is not from 0 to 8784")
    length = timedelta(hours=arguments.slice_hours)
    with project_and_target(arguments)[1].connect() as account:
        counts = reprocess(account, window, length, screen.progress)
    if screen.as_json:
        screen.json(counts)
        return 0
    rows = [{"COUNT": name, "EVENTS": counts[name], "WHAT": COUNTS[name]} for name in COUNTS]
    screen.results.print(as_table("Reprocessed", rows))
    return 0


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
    for place, each in enumerate(slices, start=1):
        values = (each.since.isoformat(sep=" "), each.until.isoformat(sep=" "))
        counts = call(account, REPROCESS, values)
        for name in total:
            total[name] += counts[name]
        changes = ", ".join(f"{value} {name}" for name, value in counts.items() if value)
        progress(f"[{place}/{len(slices)}] from {values[0]}: {changes or 'nothing'}")
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
