"""CREATE VIEW."""

from __future__ import annotations

import json

from sqlglot import Expr, exp

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import TEXT, Binds, parsing
from flocon.engine.marked_names import unmarked
from flocon.objects import comments, declared_types, table_properties
from flocon.objects.recursion import check_recursion
from flocon.objects.tables import create_temporary, is_temporary, strip_properties
from flocon.session.context import Context
from flocon.session.names import COLUMNS, WIDTH, qualify
from flocon.sql.tokens import FullName
from flocon.stores import notes
from flocon.stores.notes import Note


def is_view(tree: exp.Create) -> bool:
    """Does it create a view that stays?"""
    return str(tree.args.get("kind")).upper() == "VIEW" and not is_temporary(tree)


def create_view(context: Context, tree: exp.Create, binds: Binds) -> Result:
    """CREATE VIEW. A view that asks the account itself is kept as text as well."""
    if tree.find(exp.Placeholder):
        raise errors.compilation(
            errors.COMPILATION, "Bind variables not allowed in view and UDF definitions."
        )
    if is_temporary(tree):
        return create_temporary(context, tree, binds)
    query = tree.expression
    text = _standalone(context, tree) if context.functions.asks_account(query) else None
    if text is not None:
        tree.set("expression", _stub(context.functions.columns(text, binds)))
        tree.meta.pop(TEXT, None)
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    view = context.resolve(parsing.name_of(target))
    existed = context.relation_kind(view) is not None
    answer = _create(context, tree, view, text)
    if not (existed and tree.args.get("exists")):
        context.account.live_views.put(view, text)
    return answer


def _create(context: Context, tree: exp.Create, view: FullName, query: str | None) -> Result:
    context.transactions.commit_for_ddl()
    context.check_relation(view)
    written = parsing.name_of(tree.this.this if isinstance(tree.this, exp.Schema) else tree.this)
    context.check_name(view, "VIEW", written)
    if context.relation_kind(view):
        if tree.args.get("exists"):
            return result.already_exists(view.name)
        if not (tree.args.get("replace") or tree.args.get("or_alter")):
            raise errors.already_exists(written)
        # CREATE OR ALTER gives the view its new query, and keeps its grants.
        tree.set("replace", True)
    context.transactions.reshape(view.database)
    if tree.args.get("materialized") or tree.find(exp.MaterializedProperty):
        raise errors.unsupported("MATERIALIZED VIEW")
    qualify(context, tree)
    check_recursion(context, tree.expression, (view.database, view.schema, view.name))
    properties = table_properties.of_create(tree)
    texts = comments.of_create(tree)
    strip_properties(tree)
    _strip_column_comments(tree)
    declared_types.put(context, view, context.connection.create_relation(tree))
    comments.put_all(context, "VIEW", view, texts)
    properties |= {
        **_width(context, tree, view),
        "TEXT": tree.meta.get(parsing.WRITTEN, "").strip(),
    }
    note = Note(view.name, view.schema, properties=properties, query=query)
    notes.put(context.catalog(view.database), "VIEW", note)
    return result.status(f"View {view.name} successfully created.")


def _width(context: Context, tree: exp.Create, view: FullName) -> dict[str, str]:
    """A view of `*` has the columns that it was made with, and is read while these are there."""
    if not tree.expression.find(exp.Star):
        return {}
    columns = context.connection.columns(view.database, view.schema, view.name)
    named = [(unmarked(name), kind) for name, kind in columns]
    return {WIDTH: str(len(columns)), COLUMNS: json.dumps(named)}


def _strip_column_comments(tree: exp.Create) -> None:
    if isinstance(tree.this, exp.Schema):
        tree.this.set(
            "expressions",
            [c.this if isinstance(c, exp.ColumnDef) else c for c in tree.this.expressions],
        )


def _standalone(context: Context, view: exp.Create) -> str:
    """A view's query as text that means the same in every session: all names are full."""
    full = view.expression.copy()
    for table in parsing.tables(full):
        name = context.resolve(parsing.name_of(table))
        for part, text in (("this", name.name), ("db", name.schema), ("catalog", name.database)):
            table.set(part, exp.to_identifier(text, quoted=True))
    context.functions.name_fully(full)
    for node in full.find_all(exp.TableFromRows):
        _name_database(context, node)
    if isinstance(view.this, exp.Schema):
        full = _renamed(full, [column.name for column in view.this.expressions])
    return unmarked(full.sql(dialect="snowflake"))


def _renamed(query: Expr, columns: list[str]) -> exp.Select:
    """The query under the names of a view's column list."""
    names = [exp.to_identifier(column, quoted=True) for column in columns]
    alias = exp.TableAlias(this=exp.to_identifier("V", quoted=True), columns=names)
    return exp.select("*").from_(exp.Subquery(this=query, alias=alias))


def _name_database(context: Context, node: exp.TableFromRows) -> None:
    """INFORMATION_SCHEMA.NAME(…) becomes DATABASE.INFORMATION_SCHEMA.NAME(…)."""
    inner = node.this
    parts = list(inner.flatten()) if isinstance(inner, exp.Dot) else [inner]
    if len(parts) == 2 and parts[0].name.upper() == "INFORMATION_SCHEMA":
        if context.database is None:
            raise errors.NothingCurrent("DATABASE")
        database = exp.to_identifier(context.database, quoted=True)
        node.set("this", exp.Dot.build([database, *(part.copy() for part in parts)]))


def _stub(columns: list[tuple[str, str]]) -> exp.Select:
    """A query with these columns (name, engine's type) and no rows."""
    values = [
        exp.alias_(
            exp.cast(exp.null(), exp.DataType.build(kind, dialect="duckdb")), name, quoted=True
        )
        for name, kind in columns
    ]
    return exp.select(*values).where(exp.false())
