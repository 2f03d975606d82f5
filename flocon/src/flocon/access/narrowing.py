"""INFORMATION_SCHEMA as a role may see it: the rows of what it has a privilege on.

https://docs.snowflake.com/en/sql-reference/info-schema
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import Expr, exp

from flocon.access.directory import Directory
from flocon.access.securables import RELATION, Securable
from flocon.access.trees import Place
from flocon.core import errors
from flocon.engine import TEXT, parsing

Sees = Callable[[Securable], bool]

# Each view with the columns of its objects' schema and name; SCHEMATA has no more than the schema.
_VIEWS = {
    "COLUMNS": ("TABLE_SCHEMA", "TABLE_NAME"),
    "TABLES": ("TABLE_SCHEMA", "TABLE_NAME"),
    "VIEWS": ("TABLE_SCHEMA", "TABLE_NAME"),
    "SCHEMATA": ("SCHEMA_NAME",),
}
_FOR_ALL = {"PACKAGES"}


def narrow(tree: Expr, place: Place, directory: Directory, sees: Sees) -> None:
    """Put in the place of INFORMATION_SCHEMA's views, in the tree, what the role may see of them.
    Raises 000002 for a view whose rows are not known to be about objects."""
    for table in parsing.tables(tree):
        if table.db != "INFORMATION_SCHEMA" or table.name in _FOR_ALL:
            continue
        if table.name not in _VIEWS:
            raise errors.unsupported(f"access control of INFORMATION_SCHEMA.{table.name}")
        database = place.resolve(parsing.name_of(table)).database
        alias = table.alias or table.name
        bare = table.copy()
        bare.set("alias", None)
        visible = (
            exp.select("*")
            .from_(bare)
            .where(_is_visible(directory, sees, database, _VIEWS[table.name]))
        )
        tree.meta.pop(TEXT, None)
        table.replace(visible.subquery(exp.to_identifier(alias, quoted=True), copy=False))


def _is_visible(directory: Directory, sees: Sees, database: str, columns: tuple[str, ...]) -> Expr:
    """The condition that the role may see what a row is about."""
    rows = [
        exp.Tuple(expressions=[exp.Literal.string(part) for part in path])
        for path in _paths(directory, sees, database, len(columns))
    ]
    if not rows:
        return exp.false()
    names = exp.Tuple(expressions=[exp.column(name, quoted=True) for name in columns])
    return exp.In(this=names, expressions=rows)


def _paths(directory: Directory, sees: Sees, database: str, depth: int) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for schema in directory.schemas(database):
        if depth == 1:
            found += [(schema.name,)] if sees(schema) else []
            continue
        for kind in ("TABLE", "VIEW"):
            found += [
                what.path[1:]
                for what in directory.in_schema(kind, *schema.path)
                if sees(Securable(RELATION, what.path))
            ]
    return found
