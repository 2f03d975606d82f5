"""`caves forget`: flags and output."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from app.caves.errors import CommandError, UsageError
from app.caves.operations import forget
from app.caves.screen import Screen
from app.caves.tables import as_table
from app.caves.target import Target, project_and_target

EPILOG = """\
Customer id and address leave RAW, STAGING, PRODUCTION and the rejects; orders, amounts and stock
stay, under the customer (forgotten). All of it in one transaction, and for good. What comes in
later under the id is forgotten every night. --json prints the counts by the names of the table,
with what still has the data beyond the tables as `remains`. docs/privacy.md.
"""


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
            planned = forget.plan(account, customer)
            if arguments.plan:
                return _show(planned, (), screen, "Would be forgotten")
            if forget.changed(planned):
                _confirm(forget.changed(planned), target, screen)
        counts = forget.forget(account, customer)
        if not forget.changed(counts) and not counts["known"]:
            raise CommandError(f"no table of {target.database} has this customer: nothing was done")
        remains = forget.remains(account)
    return _show(counts, remains, screen, "Forgotten")


def _show(counts: dict[str, int], remains: Any, screen: Screen, title: str) -> int:
    if screen.as_json:
        screen.json({**counts, "remains": list(remains)})
        return 0
    known = "The customer was forgotten before"
    if forget.changed(counts):
        rows = [
            {"COUNT": name, "ROWS": counts[name], "WHAT": what}
            for name, what in forget.WHAT.items()
        ]
        screen.results.print(as_table(title, rows))
        if counts["known"]:
            screen.results.print(f"{known}: this had come in since.")
    else:
        screen.results.print(
            f"{known}, and nothing has come in since: nothing to do."
            if counts["known"]
            else "No table has this customer."
        )
    if remains:
        screen.results.print("What is still elsewhere:", style="bold")
    for each in remains:
        screen.results.print(f"- {each}", markup=False, soft_wrap=True)
    return 0


def _confirm(count: int, target: Target, screen: Screen) -> None:
    question = f"Redact {count} rows of {target.database} for good? (yes/no) "
    if screen.ask(question).lower() != "yes":
        raise CommandError("nobody was forgotten")
