"""INSERT ALL and INSERT FIRST: one query into several tables.

https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlglot import Expr, exp

from flocon.engine import NOW, TEXT, Binds, Connection, multi_inserts, now
from flocon.session.context import Context
from flocon.sql.tokens import FullName
from flocon.transactions.change_log import defaults
from flocon.transactions.logged_dml import HELD_ROW, READS_AGAIN

T = TypeVar("T", bound=Expr)
# Runs a plain DML statement, and logs it; returns its count.
Change = Callable[[Expr, Binds], list[tuple[Any, ...]]]


def run(
    context: Context, tree: exp.MultitableInserts, binds: Binds, change: Change
) -> tuple[list[int], int]:
    """Evaluate the query, then insert; returns the count of each INTO clause, and of the rows that
    OVERWRITE has deleted."""
    connection = context.connection
    query = connection.statements.cached(
        "source", tree, lambda: _part(tree, "source", multi_inserts.source(tree))
    )
    # All parts are of one moment.
    binds = {NOW: now(), **binds}
    connection.hold(multi_inserts.SOURCE, query, binds)
    inserts = connection.statements.cached("inserts", tree, lambda: _inserts(connection, tree))
    deleted = 0
    if tree.args.get("overwrite"):
        for table in {target.sql(): target for target in multi_inserts.targets(tree)}.values():
            deleted += int(change(exp.Delete(this=table.copy()), {})[0][0])
    counts = [int(change(insert, binds)[0][0]) for insert in inserts]
    connection.discard(multi_inserts.SOURCE)
    return counts, deleted


def counted(tree: exp.MultitableInserts, counts: list[int]) -> dict[str, int]:
    """The answer's columns: one for each table, in the order of the INTO clauses."""
    columns: dict[str, int] = {}
    for target, count in zip(multi_inserts.targets(tree), counts, strict=True):
        name = f"number of rows inserted into {target.name}"
        columns[name] = columns.get(name, 0) + count
    return columns


def _inserts(connection: Connection, tree: exp.MultitableInserts) -> list[exp.Insert]:
    def columns(table: exp.Table) -> list[str]:
        place = (table.catalog or "temp", table.db or "main", table.name)
        return [name for name, _ in connection.columns(*place)]

    made = columns(exp.to_table(f'"{multi_inserts.SOURCE}"'))
    found = multi_inserts.inserts(tree, made, columns)
    for number, insert in enumerate(found):
        _part(tree, number, insert)
        rows = _rows_again(connection, insert, made) if connection.fast else None
        insert.meta[READS_AGAIN] = rows and _part(tree, f"rows of {number}", rows)
    return found


def _rows_again(
    connection: Connection, insert: exp.Insert, made: Sequence[str]
) -> exp.Select | None:
    rows = multi_inserts.rows_again(insert, HELD_ROW)
    # A column of this name would stand for DuckDB's row ids.
    if rows is None or any(name.lower() == "rowid" for name in made):
        return None
    table, named = insert.this.this, {column.name for column in insert.this.expressions}
    if not table.catalog:
        return None
    by_default = defaults(connection, FullName(table.catalog, table.db, table.name)).keys() - named
    return None if by_default else rows


def _part(tree: Expr, part: str | int, made: T) -> T:
    """A tree made of the statement's means the same wherever the statement does."""
    if (text := tree.meta.get(TEXT)) is not None:
        made.meta[TEXT] = (text, part)
    return made
