"""The lengths that VARCHAR columns were declared with: they are shown, and not enforced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from flocon.engine import HIDDEN_SCHEMA
from flocon.engine.types import TEXT_TYPES
from flocon.session.context import Context
from flocon.sql.tokens import FullName

_TABLE = f"_fs_global.{HIDDEN_SCHEMA}._fs_columns_ext"
_KEYS = ("ext_table_catalog", "ext_table_schema", "ext_table_name")
_MOST = 16777216


def of(context: Context, place: Sequence[str]) -> dict[str, int]:
    """By the columns' names. place: the table's database, schema and name."""
    rows = context.connection.values(
        f"SELECT ext_column_name, ext_character_maximum_length FROM {_TABLE} WHERE {_where(place)}",
        place,
    )
    return {name: length for name, length in rows if length}


def put(context: Context, table: FullName, lengths: Mapping[str, int]) -> None:
    """These are a table's, and no others."""
    forget(context, *context.place(table))
    if lengths:
        # DuckDB keeps the key of a row that an older snapshot still sees.
        context.connection.values(
            f"INSERT INTO {_TABLE} SELECT ?, ?, ?, unnest(?), unnest(?), unnest(?)"
            " ON CONFLICT DO UPDATE SET"
            " ext_character_maximum_length = excluded.ext_character_maximum_length,"
            " ext_character_octet_length = excluded.ext_character_octet_length",
            [*context.place(table), *_columns(lengths)],
        )


def _columns(lengths: Mapping[str, int]) -> tuple[list[str], list[int], list[int]]:
    bytes_ = [min(4 * length, _MOST) for length in lengths.values()]
    return list(lengths), list(lengths.values()), bytes_


def forget(context: Context, *place: str) -> None:
    """place: a database, a schema in it, a table in that."""
    where = _where(place)
    # Most have none, and then nothing is written.
    if context.connection.values(f"SELECT 1 FROM {_TABLE} WHERE {where} LIMIT 1", place):
        context.connection.values(f"DELETE FROM {_TABLE} WHERE {where}", place)


def renamed(context: Context, table: FullName, new: FullName) -> None:
    lengths = of(context, context.place(table))
    forget(context, *context.place(table))
    put(context, new, lengths)


def declared(columns: Sequence[exp.ColumnDef]) -> dict[str, int]:
    """Those in columns' definitions."""
    found = {column.name: _length(column.args.get("kind")) for column in columns}
    return {name: length for name, length in found.items() if length}


def altered(context: Context, table: FullName, tree: exp.Alter) -> None:
    """ALTER TABLE has added, renamed, retyped or dropped columns."""
    before = of(context, context.place(table))
    lengths = dict(before)
    for action in tree.args["actions"]:
        if isinstance(action, exp.RenameColumn) and action.this.name in lengths:
            lengths[action.args["to"].name] = lengths.pop(action.this.name)
        elif isinstance(action, exp.Drop):
            for column in action.find_all(exp.Column):
                lengths.pop(column.name, None)
        elif isinstance(action, exp.AlterColumn) and action.args.get("dtype"):
            lengths.pop(action.this.name, None)
            if length := _length(action.args["dtype"]):
                lengths[action.this.name] = length
    lengths |= declared([each for each in tree.args["actions"] if isinstance(each, exp.ColumnDef)])
    if lengths != before:
        put(context, table, lengths)


def _length(kind: object) -> int:
    """0 where a type has none."""
    if not isinstance(kind, exp.DataType) or kind.this not in TEXT_TYPES or not kind.expressions:
        return 0
    written = kind.expressions[0].name
    return int(written) if written.isdigit() else 0


def _where(place: Sequence[str]) -> str:
    return " AND ".join(f"{key} = ?" for key in _KEYS[: len(place)])
