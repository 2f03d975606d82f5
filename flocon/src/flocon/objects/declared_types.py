"""What columns are declared as, and what becomes of that with their tables.

https://docs.snowflake.com/en/sql-reference/sql/desc-table
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import DeclaredTypes, lengths, moments
from flocon.engine.declared_types import inside, with_inside
from flocon.engine.expression_types import put_by_default
from flocon.engine.types import check_column
from flocon.session.context import Context
from flocon.sql.tokens import FullName


def of(context: Context, table: FullName) -> DeclaredTypes:
    return context.connection.declared(*context.place(table))


def put(context: Context, table: FullName, types: DeclaredTypes) -> None:
    """These are a table's or a view's, and no others."""
    context.connection.declare(*context.place(table), types)


def written(columns: Iterable[exp.ColumnDef]) -> DeclaredTypes:
    """Those in columns' definitions, and what their defaults put into VARIANTs."""
    found, put_in = {}, frozenset[str]()
    for column in columns:
        found[column.name] = _declared(column.args.get("kind"))
        if default := column.find(exp.DefaultColumnConstraint):
            put_in |= put_by_default(default.this)
    return with_inside({name: kind for name, kind in found.items() if kind}, put_in)


def check(columns: Iterable[Expr]) -> None:
    """Raises for a column's type that is not there. columns: others than definitions of columns
    are passed over."""
    for column in columns:
        kind = column.args.get("kind") if isinstance(column, exp.ColumnDef) else None
        if isinstance(kind, exp.DataType):
            check_column(kind)


def check_added(columns: Iterable[Expr]) -> None:
    """The same of columns that ALTER TABLE adds, whose default is no longer than their values may
    be: 100078."""
    columns = list(columns)
    check(columns)
    for column in columns:
        kind, default = column.args.get("kind"), column.find(exp.DefaultColumnConstraint)
        most = lengths.most(lengths.declared(kind)) if isinstance(kind, exp.DataType) else None
        if most is None or default is None or not default.this.is_string:
            continue
        if len(default.this.name) > most:
            text = f"String '{default.this.name}' is too long and would be truncated"
            raise errors.SnowflakeError(errors.TOO_LONG, text)


def altered(context: Context, table: FullName, tree: exp.Alter) -> None:
    """ALTER TABLE has added, renamed, retyped or dropped columns."""
    types = dict(of(context, table))
    for action in tree.args["actions"]:
        if isinstance(action, exp.RenameColumn) and action.this.name in types:
            types[action.args["to"].name] = types.pop(action.this.name)
        elif isinstance(action, exp.Drop):
            for column in action.find_all(exp.Column):
                types.pop(column.name, None)
        elif isinstance(action, exp.AlterColumn) and action.args.get("dtype"):
            types.pop(action.this.name, None)
            if kind := _declared(action.args["dtype"]):
                types[action.this.name] = kind
    added = written(each for each in tree.args["actions"] if isinstance(each, exp.ColumnDef))
    put(context, table, with_inside({**types, **added}, inside(types)))


def _declared(kind: object) -> str:
    """'' where the engine's type tells it."""
    if not isinstance(kind, exp.DataType):
        return ""
    if kind.this in (exp.DataType.Type.ARRAY, exp.DataType.Type.OBJECT):
        return str(kind.this.value)
    return moments.declared(kind) or lengths.declared(kind)
