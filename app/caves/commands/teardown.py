"""`caves teardown`: flags and output."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rich.markup import escape

from app.caves.deployment import teardown
from app.caves.errors import CommandError, UsageError
from app.caves.screen import Screen
from app.caves.tables import as_table
from app.caves.target import Target, project_and_target


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = account_command(commands, "teardown", run_teardown)
    each.add_argument("--yes", action="store_true", help="do not ask for the database's name")


def run_teardown(arguments: argparse.Namespace, screen: Screen) -> int:
    project, target = project_and_target(arguments)
    if not arguments.yes and not sys.stdin.isatty():
        raise UsageError(f"teardown drops {target.database} with all rows: confirm with --yes")
    with target.connect() as account:
        goes = teardown.doomed(account)
    screen.errors.print(as_table(f"Tables of {target.database}", goes.tables))
    screen.progress(f"drops {goes.told()}")
    if not arguments.yes:
        _confirm(target, screen)
    kept = teardown.teardown(project, target, goes)
    if kept:
        screen.progress(kept)
        goes = replace(goes, warehouse=None)
    if screen.as_json:
        result = {"dropped": target.database, "warehouse": goes.warehouse}
        screen.json({**result, "tables": len(goes.tables), "rows": goes.row_count})
    else:
        screen.results.print(f"Dropped {goes.told()}")
    return 0


def _confirm(target: Target, screen: Screen) -> None:
    """Rows are at stake: the user writes the database's name, or says --yes."""
    name = screen.ask(
        f"This drops [bold]{target.database}[/] with all rows"
        f" (connection {escape(target.connection_name)}). Its name, to go on: "
    )
    if name.upper() != target.database:
        raise CommandError("nothing was dropped")
