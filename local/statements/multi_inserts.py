"""INSERT ALL and INSERT FIRST: one query into several tables.

https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from sqlglot import Expr, exp

from local.engine import TEXT, Binds, Connection, kept, multi_inserts

if TYPE_CHECKING:
    from local.session import Session

T = TypeVar("T", bound=Expr)
# Runs a plain DML statement, and logs it; returns its count.
Change = Callable[[Expr, Binds], list[tuple[Any, ...]]]


def run(session: Session, tree: exp.MultitableInserts, binds: Binds, change: Change) -> list[int]:
    """Evaluate the query, then insert; returns the count of each INTO clause."""
    connection = session.connection
    query = kept("source", tree, lambda: _part(tree, "source", multi_inserts.source(tree)))
    connection.hold(multi_inserts.SOURCE, query, binds)
    inserts = kept("inserts", tree, lambda: _inserts(connection, tree))
    if tree.args.get("overwrite"):
        for table in {target.sql(): target for target in multi_inserts.targets(tree)}.values():
            change(exp.Delete(this=table.copy()), {})
    counts = [int(change(insert, binds)[0][0]) for insert in inserts]
    connection.discard(multi_inserts.SOURCE)
    return counts


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
    return [_part(tree, number, insert) for number, insert in enumerate(found)]


def _part(tree: Expr, part: str | int, made: T) -> T:
    """A tree made of the statement's means the same wherever the statement does."""
    if (text := tree.meta.get(TEXT)) is not None:
        made.meta[TEXT] = (text, part)
    return made
