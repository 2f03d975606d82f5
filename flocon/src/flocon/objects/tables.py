"""CREATE TABLE in all its forms, and what streams see of it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from sqlglot import exp

from flocon.access.securables import RELATION, Securable
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import Binds, DeclaredTypes, compressed, quoted
from flocon.engine.expression_types import check_names
from flocon.engine.parsing import name_of
from flocon.objects import (
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
)
from flocon.objects.recursion import check_recursion
from flocon.objects.wanted_columns import alter_to
from flocon.session import temporary_names
from flocon.session.context import Context
from flocon.session.directory import of_duckdb
from flocon.session.names import Names, qualify
from flocon.sql.tokens import FullName
from flocon.stores import notes
from flocon.stores.notes import Note
from flocon.transactions.stream_view import Stream


def create_table(context: Context, tree: exp.Create, binds: Binds) -> Result:
    _check_columns(tree)
    if is_temporary(tree):
        return create_temporary(context, tree, binds)
    context.transactions.commit_for_ddl()
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    table = context.resolve(name_of(target))
    context.check_relation(table)
    context.check_name(table, "TABLE", name_of(target))
    kind = context.relation_kind(table)
    if tree.args.get("or_alter") and kind:
        return alter_to(context, tree, table)
    if kind and tree.args.get("exists"):
        return result.already_exists(table.name)
    if kind and not tree.args.get("replace"):
        raise errors.already_exists(name_of(target))
    properties = _properties(context, tree)
    if (clone := tree.args.get("clone")) and "TRANSIENT" not in properties:
        _check_clone(context, context.resolve(name_of(clone.this)))
    context.transactions.reshape(table.database)
    names = qualify(context, tree)
    _check_clustering(context, tree)
    texts = comments.of_create(tree)
    comments.strip(tree)
    declared_as = _declared(context, tree)
    leaving = context.account.commits.leaving(table.database, table.schema, table.name)
    with leaving if kind else nullcontext():
        answer, declared_as = _make(
            context, tree, names, table, declared_as, binds, replaces=bool(kind)
        )
    if kind:
        context.account.streams.table_gone(context.catalog(table.database), table)
        keys.target_gone(context, table)
    comments.put_all(context, "TABLE", table, texts)
    declared_types.put(context, table, declared_as)
    notes.put(
        context.catalog(table.database),
        "TABLE",
        Note(table.name, table.schema, properties=properties),
    )
    return answer


def _make(
    context: Context,
    tree: exp.Create,
    names: Names,
    table: FullName,
    declared_as: DeclaredTypes,
    binds: Binds,
    *,
    replaces: bool,
) -> tuple[Result, DeclaredTypes]:
    """The table itself; returns what its columns are declared as, those of a query among them."""
    if source := _source(tree):
        place = (table.database, table.schema, table.name)
        like = _create_like(context, "TABLE", place, source, replaces=replaces)
        comments.put_all(context, "TABLE", table, like)
        return result.status(f"Table {table.name} successfully created."), declared_as
    with identities.counting(context, _columns(tree), table.database, table.schema):
        if tree.expression:
            answer, of_query = _create_as(context, tree, names, table, binds)
            return answer, {**of_query, **declared_as}
        strip_properties(tree)
        return stages.with_fakesnow(context, tree, binds), declared_as


def _properties(context: Context, tree: exp.Create) -> dict[str, str]:
    """What is kept of a new table besides its columns. The engine does not get to see its keys."""
    found = keys.as_property(keys.of_create(context, tree)) | defaults.copied(context, tree)
    found |= column_positions.copied(context, tree)
    if clone := tree.args.get("clone"):
        origin = table_properties.of(context, context.resolve(name_of(clone.this)))
        found |= clustering_keys.cloned(origin)
    constraints.strip(tree)
    return {**table_properties.of_create(tree), **found}


def _declared(context: Context, tree: exp.Create) -> DeclaredTypes:
    """What the columns of a new table are declared as, or those of what it is made like."""
    if source := _source(tree):
        return declared_types.of(context, context.resolve(name_of(source.this)))
    return declared_types.written(_columns(tree))


def _columns(tree: exp.Create) -> list[exp.ColumnDef]:
    """Those that the statement writes."""
    return list(tree.this.find_all(exp.ColumnDef)) if isinstance(tree.this, exp.Schema) else []


def _check_clustering(context: Context, tree: exp.Create) -> None:
    keys = clustering_keys.written(tree)
    if not keys:
        return
    typed = [each for each in _columns(tree) if each.kind]
    columns = [(each.name, each.args["kind"].sql("snowflake")) for each in typed]
    if tree.expression and not columns:
        of_query = context.connection.describe(tree.expression.copy())
        named = tree.this.expressions if isinstance(tree.this, exp.Schema) else []
        names = [column.name for column in named] or of_query.names
        # Lists of other lengths are an error where the table is made.
        columns = list(zip(names, of_query.types, strict=False))
    clustering_keys.check(keys, columns)


def _source(tree: exp.Create) -> exp.Clone | exp.LikeProperty | None:
    """What names the table that a new one is made like."""
    return tree.args.get("clone") or tree.find(exp.LikeProperty)


def _check_clone(context: Context, origin: FullName) -> None:
    """Raises 002120 for what a table that stays is not cloned from.

    https://docs.snowflake.com/en/sql-reference/sql/create-clone
    """
    if origin in context.connection.temporary:
        why = (
            "Temp table cannot be cloned to a permanent table; clone to a transient table instead."
        )
    elif "TRANSIENT" in table_properties.of(context, origin):
        why = "Transient object cannot be cloned to a permanent object."
    else:
        return
    raise errors.compilation(_CLONE, why)


_CLONE = errors.Code(2120, "0A000")


def _create_like(
    context: Context,
    what: str,
    new: tuple[str, str, str],
    source: exp.Clone | exp.LikeProperty,
    *,
    replaces: bool,
) -> tuple[str, dict[str, str]]:
    """CREATE TABLE … LIKE, and with its rows: CLONE. Columns keep their constraints; returns what
    comments they have. what: TABLE or TEMPORARY TABLE. new: its place in the engine.

    https://docs.snowflake.com/en/sql-reference/sql/create-clone
    """
    origin, full = context.resolve(name_of(source.this)), isinstance(source, exp.Clone)
    if source.this.args.get("when"):
        raise errors.unsupported(f"Time Travel on {origin.name}")
    place = context.place(origin)
    kind = context.connection.relation_kind(*place)
    if kind != "TABLE" and (full or kind != "VIEW"):
        raise errors.does_not_exist("Table", origin)
    columns = context.connection.values(
        "SELECT column_name, data_type, is_nullable, column_default, comment FROM duckdb_columns()"
        " WHERE (database_name, schema_name, table_name) = (?, ?, ?) ORDER BY column_index",
        place,
    )

    def own(default: str | None) -> str:
        if default and identities.is_counted(default):
            default = identities.copied(context, place[0], default, new[:2], goes_on=full)
        return f" DEFAULT {default}" if default else ""

    def create(transaction: Any) -> Result:
        create = "CREATE OR REPLACE" if replaces else "CREATE"
        defined = ", ".join(
            f"{quoted(name)} {compressed(kind)}{'' if nullable else ' NOT NULL'}{own(default)}"
            for name, kind, nullable, default, _ in columns
        )
        empty = f"{create} {what} {quoted(*new)} ({defined})"
        if full and place == new:
            context.connection.replace_table(empty, quoted(*new), f"FROM {quoted(*place)}")
            return result.done()
        context.connection.values(empty)
        if full:
            context.connection.values(f"INSERT INTO {quoted(*new)} FROM {quoted(*place)}")
        return result.done()

    context.transactions.write(create)
    return "", {name: comment for name, *_, comment in columns if comment}


def _create_as(
    context: Context, tree: exp.Create, names: Names, table: FullName, binds: Binds
) -> tuple[Result, DeclaredTypes]:
    """CREATE TABLE … AS consumes the streams that it reads, like DML."""
    strip_properties(tree)

    declared: DeclaredTypes = {}

    def create(transaction: Any) -> Result:
        nonlocal declared
        context.transactions.consume(transaction, _read(context, names))
        rows, declared = context.connection.create_table_as(tree.copy(), binds)
        if not rows and tree.expression:
            context.connection.check_single_rows(tree.expression, binds)
        return _created("Table", table.name, rows)

    answer = context.transactions.write(create)
    return answer, declared


def _created(what: str, name: str, rows: int | None) -> Result:
    answer = result.status(f"{what} {name} successfully created.")
    answer.affected = rows
    return answer


def _read(context: Context, names: Names) -> list[Stream]:
    """The streams that a query reads, by name or through views."""
    return [*names.streams, *context.account.streams.behind(context.connection, names.tables)]


def create_temporary(context: Context, tree: exp.Create, binds: Binds) -> Result:
    """A temporary table or view is the session's own."""
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    full = context.resolve(name_of(target))
    name, what = full.name, str(tree.args["kind"]).capitalize()
    temporary_names.check(context, what.upper(), name)
    if context.account.streams.find(full):
        raise errors.name_is_taken(name_of(target), "STREAM")
    held = context.connection.temporary.get(full)
    if held and held.kind != what.upper():
        raise errors.name_is_taken(name_of(target), held.kind)
    if full in context.connection.temporary and not tree.args.get("replace"):
        if tree.args.get("exists"):
            return result.already_exists(name)
        raise errors.already_exists(name_of(target))
    context.transactions.commit_for_temporary()
    context.check_schema(full)
    source, properties = _source(tree), _properties(context, tree)
    texts = comments.of_create(tree)
    declared_as = _declared(context, tree)
    if what == "Table":
        comments.strip(tree)
    names, owner = qualify_source(context, tree), context.access.role
    _check_clustering(context, tree)
    strip_properties(tree)
    if what == "View" and full in context.connection.temporary:
        check_recursion(context, tree.expression, context.place(full))
    context.transactions.forbid_replay()

    def keep(of_query: DeclaredTypes) -> None:
        declared_types.put(context, full, {**of_query, **declared_as})
        comments.put_all(context, what, full, texts)
        table_properties.put(context, full, properties)

    def create(transaction: Any) -> Result:
        context.transactions.consume(transaction, _read(context, names))
        made = tree.copy()
        with identities.counting(context, _columns(made), "temp", "main"):
            rows, of_query = context.connection.create_temporary(full, made, binds, owner)
        keep(of_query)
        return _created(what, name, rows)

    if source:
        held_as = ("temp", "main", context.connection.temporary_name(full))
        like = _create_like(context, "TEMPORARY TABLE", held_as, source, replaces=True)
        context.connection.hold_temporary(full, "TABLE", owner)
        comments.put_all(context, what, full, like)
        keep({})
    elif tree.expression and what == "Table":
        return context.transactions.write(create)
    else:
        with identities.counting(context, _columns(tree), "temp", "main"):
            _, of_query = context.connection.create_temporary(full, tree, binds, owner)
        keep(of_query)
    return result.status(f"{what} {name} successfully created.")


def qualify_source(context: Context, tree: exp.Create) -> Names:
    """Full names in a CREATE … AS query only."""
    if not tree.expression:
        return Names()
    return qualify(context, tree.expression)


def is_temporary(tree: exp.Create) -> bool:
    return tree.find(exp.TemporaryProperty) is not None


# What a column may have besides its type; keys are recorded on Snowflake and not enforced.
_COLUMN_CONSTRAINTS = (
    *constraints.OF_COLUMNS,
    exp.NotNullColumnConstraint,
    exp.DefaultColumnConstraint,
    exp.CommentColumnConstraint,
    *identities.COUNTS,
    exp.ComputedColumnConstraint,
    exp.GeneratedAsRowColumnConstraint,
    exp.CheckColumnConstraint,
)


def _check_columns(tree: exp.Create) -> None:
    """Raises 000002 for a column's constraint that would mean something and is not there."""
    columns = _columns(tree)
    check_names([(column.name, None) for column in columns])
    declared_types.check(columns)
    for column in columns:
        for constraint in column.constraints:
            kind = constraint.kind if isinstance(constraint, exp.ColumnConstraint) else constraint
            if not isinstance(kind, _COLUMN_CONSTRAINTS):
                raise errors.unsupported(f"column {column.name} {constraint.sql('snowflake')}")


def strip_properties(tree: exp.Create) -> None:
    """What DuckDB cannot say of a table: comments, clustering, retention, transience."""
    temporary = list(tree.find_all(exp.TemporaryProperty))
    tree.set("properties", exp.Properties(expressions=temporary) if temporary else None)


def _exists(context: Context, what: Securable) -> bool:
    name = FullName(*what.path)
    kind = context.relation_kind(name)
    if what.kind == RELATION:
        return kind is not None
    return kind == what.kind


EXISTS = dict.fromkeys((RELATION, "TABLE", "VIEW"), _exists)
IN_SCHEMA = {
    "TABLE": of_duckdb("duckdb_tables", "table_name"),
    "VIEW": of_duckdb("duckdb_views", "view_name"),
}
