"""`caves reprocess`: flags and output."""

import argparse
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from app.caves.errors import UsageError
from app.caves.flags import TIME_FORMS, moment, now, number
from app.caves.operations.reprocess import COUNTS, Window, reprocess
from app.caves.screen import Screen
from app.caves.tables import as_table
from app.caves.target import project_and_target

EPILOG = """\
Harmless to repeat, and safe beside the tasks. What is in STAGING as today's transforms would write
it stays; orders with other values are corrected in STAGING and in ORDERS; what was rejected and is
valid today is retried; what is missing from STAGING is put there. Adjustments in the history never
change: send a correcting adjustment. --json prints the counts by the names of the table.
"""


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
        help="how much is done in one transaction (24)",
    )


def run_reprocess(arguments: argparse.Namespace, screen: Screen) -> int:
    window = Window(arguments.since, arguments.until or now())
    if window.since >= window.until:
        raise UsageError(f"--since {window.since} is not before --until {window.until}")
    if not 0 < arguments.slice_hours <= 24 * 366:
        raise UsageError(f"--slice-hours {arguments.slice_hours:g} is not a time")
    length = timedelta(hours=arguments.slice_hours)
    with project_and_target(arguments)[1].connect() as account:
        counts = reprocess(account, window, length, screen.progress)
    if screen.as_json:
        screen.json(counts)
        return 0
    rows = [{"COUNT": name, "EVENTS": counts[name], "WHAT": COUNTS[name]} for name in COUNTS]
    screen.results.print(as_table("Reprocessed", rows))
    return 0
