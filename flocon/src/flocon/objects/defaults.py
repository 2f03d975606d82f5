"""What may become of the DEFAULT of a column that exists: it can be dropped, unless the column came
with it to the table, and a sequence be changed for another one.

https://docs.snowflake.com/en/sql-reference/sql/alter-table-column
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine.marked_names import unmarked
from flocon.engine.parsing import name_of
from flocon.objects import table_properties
from flocon.session.context import Context
from flocon.sql.tokens import FullName

# The property of a table with the columns that were added to it with a default.
PROPERTY = "ADDED_WITH_DEFAULT"
_OF_A_SEQUENCE = "nextval('\""


def check(context: Context, table: FullName, actions: Sequence[Expr]) -> None:
    """Raises 000002 for a default that ALTER TABLE cannot change."""
    for action in actions:
        if not isinstance(action, exp.AlterColumn):
            continue
        if action.args.get("default") is not None:
            _check_sequence(context, table, action)
        elif action.args.get("drop") and not action.args.get("allow_null"):
            check_drop(context, table, action.this.name)


def check_drop(context: Context, table: FullName, column: str) -> None:
    """Raises 000002 where the column was added with its default."""
    if unmarked(column) in _added(context, table):
        raise errors.SnowflakeError(
            errors.UNSUPPORTED,
            f"Dropping default value is not allowed for column '{unmarked(column)}' because the"
            " column was added after table was created.",
        )


def _check_sequence(context: Context, table: FullName, action: exp.AlterColumn) -> None:
    found = context.connection.values(
        "SELECT column_default FROM duckdb_columns()"
        " WHERE (database_name, schema_name, table_name, column_name) = (?, ?, ?, ?)",
        [*context.place(table), action.this.name],
    )
    counts = any((default or "").startswith(_OF_A_SEQUENCE) for (default,) in found)
    if not counts or not _is_sequence(action.args["default"]):
        raise errors.unsupported("Alter Column Set Default")


def _is_sequence(value: Expr) -> bool:
    return isinstance(value, exp.Anonymous) and value.name == "nextval"


def columns_changed(context: Context, table: FullName, actions: Iterable[Expr]) -> None:
    """Columns were added, renamed or dropped."""
    known = before = _added(context, table)
    for action in actions:
        if isinstance(action, exp.ColumnDef) and action.find(exp.DefaultColumnConstraint):
            known = [*known, unmarked(action.name)]
        elif isinstance(action, exp.RenameColumn):
            old, new = unmarked(action.this.name), unmarked(action.args["to"].name)
            known = [new if name == old else name for name in known]
        elif isinstance(action, exp.Drop):
            gone = {unmarked(column.name) for column in action.find_all(exp.Column)}
            known = [name for name in known if name not in gone]
    if known != before:
        value = json.dumps(known) if known else ""
        table_properties.put(context, table, {PROPERTY: value})


def copied(context: Context, tree: exp.Create) -> dict[str, str]:
    """What a clone has of its table's property."""
    if not (source := tree.args.get("clone")):
        return {}
    named = context.resolve(name_of(source.this))
    value = table_properties.of(context, named).get(PROPERTY)
    return {PROPERTY: value} if value else {}


def _added(context: Context, table: FullName) -> list[str]:
    found: list[str] = json.loads(table_properties.of(context, table).get(PROPERTY) or "[]")
    return found
