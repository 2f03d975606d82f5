"""`caves teardown`: drops an environment, its warehouse included where nobody else uses it."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.markup import escape
from snowflake.connector.errors import ProgrammingError

from app.caves.deployment import live
from app.caves.errors import CommandError, UsageError, one_line
from app.caves.project import Project
from app.caves.screen import Screen
from app.caves.tables import as_table
from app.caves.target import Account, Row, Target, identifier, project_and_target

TASKS_ELSEWHERE = "SHOW TASKS IN ACCOUNT"
DROP_WAREHOUSE = "DROP WAREHOUSE IF EXISTS {warehouse}"
MADE_FOR = "made for {database}"
COUNTED = ("STREAM", "VIEW", "TASK", "PROCEDURE")


@dataclass(frozen=True)
class Contents:
    """What a teardown drops. `warehouse`: only one that this environment made and that no task of
    another one runs on; `kept` says why a warehouse stays.
    """

    database: str
    tables: list[Row]
    others: dict[str, int]
    warehouse: str | None
    kept: str | None

    @property
    def row_count(self) -> int:
        return sum(row["ROWS"] for row in self.tables)

    def summary(self) -> str:
        others = ", ".join(f"{count} {kind.lower()}s" for kind, count in self.others.items())
        also = f"; warehouse {self.warehouse}" if self.warehouse else ""
        return (
            f"database {self.database}: {len(self.tables)} tables with {self.row_count:,} rows,"
            f" {others}{also}"
        )


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = account_command(commands, "teardown", run_teardown)
    each.add_argument("--yes", action="store_true", help="do not ask for the database's name")


def run_teardown(arguments: argparse.Namespace, screen: Screen) -> int:
    project, target = project_and_target(arguments)
    if not arguments.yes and not sys.stdin.isatty():
        raise UsageError(f"teardown drops {target.database} with all rows: confirm with --yes")
    with target.connect() as account:
        dropping = contents(account)
    screen.errors.print(as_table(f"Tables of {target.database}", dropping.tables))
    screen.progress(f"to be dropped: {dropping.summary()}")
    if not arguments.yes:
        _confirm(target, screen)
    kept = teardown(project, target, dropping)
    if kept:
        screen.progress(kept)
        dropping = replace(dropping, warehouse=None)
    if screen.as_json:
        result = {"dropped": target.database, "warehouse": dropping.warehouse}
        screen.json({**result, "tables": len(dropping.tables), "rows": dropping.row_count})
    else:
        screen.results.print(f"Dropped {dropping.summary()}")
    return 0


def _confirm(target: Target, screen: Screen) -> None:
    """Rows are at stake: the user writes the database's name, or says --yes."""
    name = screen.ask(
        f"This drops [bold]{target.database}[/] with all rows"
        f" (connection {escape(target.connection_name)}). Its name, to go on: "
    )
    if name.upper() != target.database:
        raise CommandError("nothing was dropped")


def contents(account: Account) -> Contents:
    found = live.read(account, ("DATABASE", "TABLE", *COUNTED))
    if f"DATABASE {account.database}" not in found.objects:
        raise CommandError(f"there is no database {account.database}")
    tables = [
        {"TABLE": f"{row['SCHEMA_NAME']}.{row['NAME']}", "ROWS": row["ROWS"] or 0}
        for row in found.rows["TABLE"]
    ]
    warehouses = {row["WAREHOUSE"] for row in found.rows["TASK"] if row["WAREHOUSE"]}
    warehouse, kept = _warehouse(account, sorted(warehouses))
    others = {kind: len(found.rows[kind]) for kind in COUNTED}
    return Contents(account.database, tables, others, warehouse, kept)


def _warehouse(account: Account, used: Sequence[str]) -> tuple[str | None, str | None]:
    """The warehouse to drop, or why none is dropped."""
    made = MADE_FOR.format(database=account.database)
    ours = [
        row["NAME"]
        for row in account.rows(live.SHOW["WAREHOUSE"])
        if row["NAME"] in used and str(row["COMMENT"]).endswith(made)
    ]
    if not ours:
        names = ", ".join(used)
        return None, f"warehouse {names} stays: this environment did not make it" if used else None
    [warehouse] = ours
    others = {
        row["DATABASE_NAME"]
        for row in account.rows(TASKS_ELSEWHERE)
        if row["WAREHOUSE"] == warehouse and row["DATABASE_NAME"] != account.database
    }
    if others:
        return None, f"warehouse {warehouse} stays: {', '.join(sorted(others))} runs on it"
    return warehouse, None


def teardown(project: Project, target: Target, dropping: Contents) -> str | None:
    """Drop the database, and the warehouse if it is to go; returns why it stayed, if it did."""
    file = project.teardown_file()
    env = ("--env", f"database={target.database}")
    target.snow(("sql", "--filename", str(file.path), *env), cwd=project.root)
    if not dropping.warehouse:
        return dropping.kept
    try:
        with target.connect() as account:
            account.rows(DROP_WAREHOUSE.format(warehouse=identifier(dropping.warehouse)))
    except ProgrammingError as error:
        return f"warehouse {dropping.warehouse} stays: {one_line(error)}"
    return None
