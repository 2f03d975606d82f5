"""CREATE OR ALTER TABLE of a table that exists: it gets the columns that are written, and keeps its
rows.

https://docs.snowflake.com/en/sql-reference/sql/create-or-alter
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import parsing, quoted
from flocon.engine.declared_types import inside, with_inside
from flocon.objects import (
    alterations,
    clustering_keys,
    column_positions,
    comments,
    constraints,
    declared_types,
    defaults,
    identities,
    keys,
    stages,
    table_properties,
    type_changes,
)
from flocon.session.context import Context
from flocon.sql.tokens import FullName
from flocon.stores import notes

_SHAPE = "$SHAPE"
# What is another value each time is compared as it is written.
_VOLATILE = re.compile(r"nextval|random|uuid", re.IGNORECASE)
# Whether a column takes NULL, and its default in the engine's words.
Shape = tuple[bool, str | None]


def alter_to(context: Context, tree: exp.Create, table: FullName) -> Result:
    wanted_keys = keys.kept(keys.of_table(context, table), keys.of_create(context, tree))
    constraints.strip(tree)
    properties = table_properties.UNSET | table_properties.of_create(tree)
    wanted = {column.name: column for column in tree.this.find_all(exp.ColumnDef)}
    kinds = {name: column.args["kind"] for name, column in wanted.items()}
    columns = [(name, kind.sql("snowflake")) for name, kind in kinds.items()]
    clustering_keys.check(clustering_keys.written(tree), columns)
    texts = comments.of_create(tree)
    comments.strip(tree)
    had = [name for name, _ in context.connection.columns(*context.place(table))]
    _check_order(list(wanted), had)
    retyped = type_changes.check(context, table, kinds)
    added = [column for name, column in wanted.items() if name not in had]
    identities.check_empty(context, table, added)
    statements = [
        *(f"DROP COLUMN {quoted(name)}" for name in had if name not in wanted),
        *(
            f"ALTER COLUMN {quoted(name)} SET DATA TYPE {kinds[name].sql('snowflake')}"
            for name in wanted
            if name in retyped
        ),
        *_reshaped(context, table, {n: column for n, column in wanted.items() if n in had}),
    ]
    for statement in statements:
        change = parsing.parse(f"ALTER TABLE {comments.full(table)} {statement}")
        assert isinstance(change, exp.Alter)
        alterations.carry_out(context, change, table, "TABLE", {})
    declared_as = declared_types.written(wanted.values())
    declared_as = with_inside(declared_as, inside(declared_types.of(context, table)))
    if added or declared_as != declared_types.of(context, table):
        context.transactions.reshape(table.database)
    before = [name for name in had if name in wanted]
    with identities.counting(context, added, table.database, table.schema):
        for column in added:
            context.connection.add_column(*context.place(table), column)
    defaults.columns_changed(context, table, added)
    column_positions.columns_changed(context, table, before)
    keys.put(context, table, wanted_keys)
    declared_types.put(context, table, declared_as)
    comments.become(context, table, texts, wanted)
    catalog = context.catalog(table.database)
    notes.altered(catalog, "TABLE", table.schema, table.name, properties=properties)
    if added:
        context.account.streams.table_changed(catalog, context.connection, table)
    return result.done()


def _check_order(wanted: Sequence[str], had: Sequence[str]) -> None:
    """Raises 000002 for a column that is added elsewhere than behind the others."""
    kept = [name for name in wanted if name in had]
    if kept != [name for name in had if name in wanted]:
        text = "Invalid operation column re-ordering is not possible in CREATE OR ALTER TABLE"
        raise errors.compilation(errors.UNSUPPORTED, text)
    if kept != list(wanted[: len(kept)]):
        raise errors.unsupported("CREATE OR ALTER TABLE column add before end of column list")


def _reshaped(
    context: Context, table: FullName, wanted: Mapping[str, exp.ColumnDef]
) -> Iterator[str]:
    """What makes the columns take NULL or not, and have their defaults. Raises 000002 for a default
    that Snowflake does not set."""
    if not wanted:
        return
    found = _shapes(context, *context.place(table))
    shapes = _written(context, list(wanted.values()))
    for name, column in wanted.items():
        (nullable, default), (wants_null, wants) = found[name], shapes[name]
        if nullable != wants_null:
            verb = "DROP" if wants_null else "SET"
            yield f"ALTER COLUMN {quoted(name)} {verb} NOT NULL"
        if _counts(column):
            if not identities.is_counted(default):
                raise errors.unsupported("Alter Column Set Default")
        elif wants is None and default is not None:
            defaults.check_drop(context, table, name)
            yield f"ALTER COLUMN {quoted(name)} DROP DEFAULT"
        elif not _is_same(context, default, wants):
            raise errors.unsupported("Alter Column Set Default")


def _counts(column: exp.ColumnDef) -> bool:
    return any(isinstance(each.kind, identities.COUNTS) for each in column.constraints)


def _shapes(context: Context, *place: str) -> dict[str, Shape]:
    rows = context.connection.values(
        "SELECT column_name, is_nullable, column_default FROM duckdb_columns()"
        " WHERE (database_name, schema_name, table_name) = (?, ?, ?)",
        place,
    )
    return {name: (nullable, default) for name, nullable, default in rows}


def _written(context: Context, columns: Sequence[exp.ColumnDef]) -> dict[str, Shape]:
    """The shapes of columns that are defined so: those of a table that is made of them."""
    made = [column.copy() for column in columns]
    for column in made:
        kept = [each for each in column.constraints if not isinstance(each.kind, identities.COUNTS)]
        column.set("constraints", kept)
    create = exp.Create(
        kind="TABLE",
        this=exp.Schema(this=exp.to_table(f'"{_SHAPE}"'), expressions=made),
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
    )
    context.connection.discard(_SHAPE)
    stages.with_fakesnow(context, create, {})
    shapes = _shapes(context, "temp", "main", _SHAPE)
    context.connection.discard(_SHAPE)
    return shapes


def _is_same(context: Context, default: str | None, wanted: str | None) -> bool:
    if default == wanted:
        return True
    if default is None or wanted is None or _VOLATILE.search(default + wanted):
        return False
    sql = f"SELECT ({default}) IS NOT DISTINCT FROM ({wanted})"
    return bool(context.connection.values(sql)[0][0])
