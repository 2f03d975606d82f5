"""Views over what only the account knows, in a statement: their queries take their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlglot import Expr, exp

from flocon.access.securables import inside
from flocon.core import errors
from flocon.engine import TEXT, parsing
from flocon.session.context import Context
from flocon.sql.tokens import name_of

# Under this key a function's node has the name of the view that it stands in.
_VIEW = "view"


def find(context: Context, table: exp.Table, known: Mapping[str, str]) -> str | None:
    """The query of the view that a table's name means, if it means one of these. known: the views
    of INFORMATION_SCHEMA that are, with {database} in their queries, and others by full names."""
    kept = context.account.live_views
    named = any(each.rpartition(".")[2] == table.name for each in known)
    if not (kept or named) or (not table.db and table.name in context.relations):
        return None
    try:
        name = context.resolve(name_of(table))
    except errors.SnowflakeError:
        return None
    if name.schema == "INFORMATION_SCHEMA" and name.name in known:
        return known[name.name].format(database=name.database)
    if query := known.get(f"{name.database}.{name.schema}.{name.name}"):
        return query
    query = kept.query_of(name)
    return query if query and context.relation_kind(name) == "VIEW" else None


def expand(context: Context, tree: Expr, known: Mapping[str, str]) -> None:
    """Put the views' queries in the place of their names, in the tree."""
    for table in parsing.tables(tree):
        if table is tree.this or isinstance(table.parent, exp.Schema):
            continue
        if query := find(context, table, known):
            body = parsing.upper_case(parsing.parse(query))
            name = context.resolve(name_of(table))
            for function in body.find_all(exp.Anonymous):
                function.meta.setdefault(_VIEW, name)
            expand(context, body, known)
            table.replace(_subquery(table, body))
            tree.meta.pop(TEXT, None)


@contextmanager
def rights(context: Context, function: exp.Anonymous) -> Iterator[None]:
    """What stands in a view is asked with the rights of the view's owner."""
    view = function.meta.get(_VIEW)
    if view is None:
        yield
        return
    with context.access.owner_of(inside("VIEW", view)):
        yield


def _subquery(table: exp.Table, body: Expr) -> exp.Subquery:
    alias = table.args.get("alias")
    if not isinstance(alias, exp.TableAlias) or not alias.this:
        alias = exp.TableAlias(this=exp.to_identifier(table.name, quoted=True))
    kept = {key: table.args.get(key) for key in ("joins", "laterals", "pivots", "sample")}
    return exp.Subquery(this=body, alias=alias, **kept)


def standalone(context: Context, view: exp.Create) -> str:
    """A view's query as text that means the same in every session: all names are full."""
    full = view.expression.copy()
    for table in parsing.tables(full):
        name = context.resolve(name_of(table))
        for part, text in (("this", name.name), ("db", name.schema), ("catalog", name.database)):
            table.set(part, exp.to_identifier(text, quoted=True))
    for node in full.find_all(exp.TableFromRows):
        _name_database(context, node)
    if isinstance(view.this, exp.Schema):
        full = _renamed(full, [column.name for column in view.this.expressions])
    return full.sql(dialect="snowflake")


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
            raise context.no_database()
        database = exp.to_identifier(context.database, quoted=True)
        node.set("this", exp.Dot.build([database, *(part.copy() for part in parts)]))


def stub(columns: list[tuple[str, str]]) -> exp.Select:
    """A query with these columns (name, engine's type) and no rows."""
    values = [
        exp.alias_(
            exp.cast(exp.null(), exp.DataType.build(kind, dialect="duckdb")), name, quoted=True
        )
        for name, kind in columns
    ]
    return exp.select(*values).where(exp.false())
