"""Views over what only the account knows: its own functions, and table functions of histories.

DuckDB cannot compute those. To it such a view is an empty one with the right columns, which
listings and DESCRIBE show; a statement that reads the view gets the view's own query in its place.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlglot import Expr, exp

from flocon.access.securables import inside
from flocon.core import errors
from flocon.engine import TEXT, Catalog, parsing
from flocon.objects import table_sizes
from flocon.session.names import name_of
from flocon.sql.tokens import FullName

if TYPE_CHECKING:
    from flocon.session.session import Session

DDL = """
CREATE TABLE IF NOT EXISTS _account_live_views (
    schema_name VARCHAR, name VARCHAR, query VARCHAR
);
"""


# Under this key a function's node has the name of the view that it stands in.
_VIEW = "view"


class LiveViews:
    """The queries of all such views of an account, by full name. Safe for threads."""

    def __init__(self) -> None:
        self._queries: dict[FullName, str] = {}
        self._lock = threading.Lock()

    def open(self, catalog: Catalog) -> None:
        """Take in the views of a database that is opened."""
        rows = catalog.rows("SELECT schema_name, name, query FROM _account_live_views")
        with self._lock:
            for row in rows:
                name = FullName(catalog.database, row["schema_name"], row["name"])
                self._queries[name] = row["query"]

    def put(self, catalog: Catalog, view: FullName, query: str | None) -> None:
        """Note a view's query; None for a view that DuckDB can compute."""
        with self._lock:
            if query is None and view not in self._queries:
                return
            catalog.write(
                "DELETE FROM _account_live_views WHERE (schema_name, name) = (?, ?)",
                [view.schema, view.name],
            )
            self._queries.pop(view, None)
            if query is not None:
                row = [view.schema, view.name, query]
                catalog.write("INSERT INTO _account_live_views VALUES (?, ?, ?)", row)
                self._queries[view] = query

    def find(self, session: Session, table: exp.Table) -> str | None:
        """The query of the view that a table's name means, if it means one of these."""
        known = self._queries or table.name == "TABLES"
        if not known or (not table.db and table.name in session.relations):
            return None
        try:
            name = session.resolve(name_of(table))
        except errors.SnowflakeError:
            return None
        if (name.schema, name.name) == ("INFORMATION_SCHEMA", "TABLES"):
            return table_sizes.QUERY.format(database=name.database)
        query = self._queries.get(name)
        # A dropped view stays noted until another takes its name.
        return query if query and session.relation_kind(name) == "VIEW" else None


def expand(session: Session, tree: Expr) -> None:
    """Put the views' queries in the place of their names, in the tree."""
    for table in parsing.tables(tree):
        if table is tree.this or isinstance(table.parent, exp.Schema):
            continue
        if query := session.account.live_views.find(session, table):
            body = parsing.upper_case(parsing.parse(query))
            name = session.resolve(name_of(table))
            for function in body.find_all(exp.Anonymous):
                function.meta.setdefault(_VIEW, name)
            expand(session, body)
            table.replace(_subquery(table, body))
            tree.meta.pop(TEXT, None)


@contextmanager
def rights(session: Session, function: exp.Anonymous) -> Iterator[None]:
    """What stands in a view is asked with the rights of the view's owner."""
    view = function.meta.get(_VIEW)
    if view is None:
        yield
        return
    with session.guard.owner_of(inside("VIEW", view)):
        yield


def _subquery(table: exp.Table, body: Expr) -> exp.Subquery:
    alias = table.args.get("alias")
    if not isinstance(alias, exp.TableAlias) or not alias.this:
        alias = exp.TableAlias(this=exp.to_identifier(table.name, quoted=True))
    kept = {key: table.args.get(key) for key in ("joins", "laterals", "pivots", "sample")}
    return exp.Subquery(this=body, alias=alias, **kept)


def standalone(session: Session, view: exp.Create) -> str:
    """A view's query as text that means the same in every session: all names are full."""
    full = view.expression.copy()
    for table in parsing.tables(full):
        name = session.resolve(name_of(table))
        for part, text in (("this", name.name), ("db", name.schema), ("catalog", name.database)):
            table.set(part, exp.to_identifier(text, quoted=True))
    for node in full.find_all(exp.TableFromRows):
        _name_database(session, node)
    if isinstance(view.this, exp.Schema):
        full = _renamed(full, [column.name for column in view.this.expressions])
    return full.sql(dialect="snowflake")


def _renamed(query: Expr, columns: list[str]) -> exp.Select:
    """The query under the names of a view's column list."""
    names = [exp.to_identifier(column, quoted=True) for column in columns]
    alias = exp.TableAlias(this=exp.to_identifier("V", quoted=True), columns=names)
    return exp.select("*").from_(exp.Subquery(this=query, alias=alias))


def _name_database(session: Session, node: exp.TableFromRows) -> None:
    """INFORMATION_SCHEMA.NAME(…) becomes DATABASE.INFORMATION_SCHEMA.NAME(…)."""
    inner = node.this
    parts = list(inner.flatten()) if isinstance(inner, exp.Dot) else [inner]
    if len(parts) == 2 and parts[0].name.upper() == "INFORMATION_SCHEMA":
        if session.database is None:
            raise session.no_database()
        database = exp.to_identifier(session.database, quoted=True)
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
