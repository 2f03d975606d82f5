"""`caves forget`: a customer leaves every table, and what keeps them beyond the tables."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from app.caves.errors import CommandError, UsageError
from app.caves.operations.procedures import FORGET, call, user
from app.caves.screen import Screen
from app.caves.tables import as_table
from app.caves.target import Account, Target, project_and_target

EPILOG = """\
Customer id and address leave RAW, STAGING, PRODUCTION and the rejects; orders, amounts and stock
stay, under the customer (forgotten). All of it in one transaction, and for good. What comes in
later under the id is forgotten every night. --json prints the counts by the names of the table,
with what still has the data beyond the tables as `remains`. docs/privacy.md.
"""

TABLES = "SHOW TABLES IN DATABASE {db}"
FAIL_SAFE_DAYS = 7
WHAT = {
    "raw_events": "messages in RAW_DATA.RAW_EVENTS_STREAM, redacted",
    "rejected_events": "messages in RAW_DATA.REJECTED_EVENTS, redacted or emptied",
    "stg_orders": "rows of STAGING.STG_ORDERS without customer and address",
    "orders": "rows of PRODUCTION.ORDERS without customer and address",
    "texts": "free texts that mentioned the customer",
}
ELSEWHERE = (
    "Kafka keeps the messages for the topic's retention (retention.ms); what it delivers again is"
    " forgotten again every night",
    "query history keeps the values that statements bound, for up to a year, unless"
    " `caves bootstrap --hide-bind-values` has hidden them",
    "query results that somebody has read stay for a day, and downloads where they were saved",
)


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = account_command(commands, "forget", run_forget)
    each.epilog, each.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    each.add_argument("customer", metavar="CUSTOMER_ID", help="as ORDERS has it")
    each.add_argument("--plan", action="store_true", help="count the rows, and change nothing")
    each.add_argument("--yes", action="store_true", help="do not ask")


def run_forget(arguments: argparse.Namespace, screen: Screen) -> int:
    customer = arguments.customer
    if not customer.strip():
        raise UsageError("CUSTOMER_ID is blank")
    _, target = project_and_target(arguments)
    if not (arguments.yes or arguments.plan or sys.stdin.isatty()):
        raise UsageError(
            f"this erases a customer from {target.database} for good: confirm with --yes"
        )
    with target.connect() as account:
        if arguments.plan or not arguments.yes:
            planned = plan(account, customer)
            if arguments.plan:
                return _show(planned, (), screen, "Would be forgotten")
            if changed(planned):
                _confirm(changed(planned), target, screen)
        counts = forget(account, customer)
        if not changed(counts) and not counts["known"]:
            raise CommandError(f"no table of {target.database} has this customer: nothing was done")
        remains = remains_elsewhere(account)
    return _show(counts, remains, screen, "Forgotten")


def _show(counts: dict[str, int], remains: Any, screen: Screen, title: str) -> int:
    if screen.as_json:
        screen.json({**counts, "remains": list(remains)})
        return 0
    known = "The customer was forgotten before"
    if changed(counts):
        rows = [{"COUNT": name, "ROWS": counts[name], "WHAT": what} for name, what in WHAT.items()]
        screen.results.print(as_table(title, rows))
        if counts["known"]:
            screen.results.print(f"{known}: this had come in since.")
    else:
        screen.results.print(
            f"{known}, and nothing has come in since: there is nothing to do."
            if counts["known"]
            else "No table has this customer."
        )
    if remains:
        screen.results.print("What still holds the customer's data:", style="bold")
    for each in remains:
        screen.results.print(f"- {each}", markup=False, soft_wrap=True)
    return 0


def _confirm(count: int, target: Target, screen: Screen) -> None:
    question = f"Redact {count} rows of {target.database} for good? (yes/no) "
    if screen.ask(question).lower() != "yes":
        raise CommandError("nothing was changed")


def plan(account: Account, customer: str) -> dict[str, int]:
    """What `forget` would redact of what has come in so far."""
    return call(account, FORGET, (customer, user(account), True))


def forget(account: Account, customer: str) -> dict[str, int]:
    """The numbers of rows redacted; KNOWN is 1 if the customer had been forgotten before."""
    return call(account, FORGET, (customer, user(account), False))


def changed(counts: dict[str, int]) -> int:
    return sum(counts[name] for name in WHAT)


def remains_elsewhere(account: Account) -> Sequence[str]:
    """What still has the customer's data, and for how long: docs/privacy.md."""
    days = [int(row["RETENTION_TIME"] or 0) for row in account.rows(TABLES)]
    longest = max(days, default=0)
    travel = (
        f"Time Travel keeps the rows as they were for {longest} days"
        if longest != 1
        else ("Time Travel keeps the rows as they were for a day")
    )
    return (
        f"{travel} (longer while a stream is behind), then Fail-safe for {FAIL_SAFE_DAYS} days,"
        " which Snowflake alone can read",
        *ELSEWHERE,
    )
