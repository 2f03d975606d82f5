"""Clustering keys, which are kept with a table's properties and shown; nothing comes of them.

https://docs.snowflake.com/en/user-guide/tables-clustering-keys
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlglot
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine.marked_names import unmarked

# What is kept: the key as SHOW TABLES writes it, and whether a table is not clustered by it.
PROPERTY = "CLUSTER_BY"
_SUSPENDED = "AUTOMATIC_CLUSTERING_SUSPENDED"
NONE = {PROPERTY: "", _SUSPENDED: ""}
# What CLUSTER BY is in a tree.
KINDS = (exp.ClusterProperty, exp.Cluster)
_SEMI_STRUCTURED = ("ARRAY", "JSON", "OBJECT", "VARIANT")


def properties(item: Expr) -> dict[str, str]:
    """What a table with this CLUSTER BY keeps."""
    keys = item.copy()
    for name in keys.find_all(exp.Identifier):
        if not name.quoted:
            name.set("this", name.name.upper())
    written = ", ".join(key.sql("snowflake") for key in keys.expressions)
    return {PROPERTY: unmarked(f"LINEAR({written})")}


def cloned(origin: Mapping[str, str]) -> dict[str, str]:
    """What a clone keeps of its origin's properties: a key by which it is not clustered.

    https://docs.snowflake.com/en/user-guide/object-clone
    """
    key = origin.get(PROPERTY)
    return {PROPERTY: key, _SUSPENDED: "TRUE"} if key else {}


def is_automatic(kept: Mapping[str, str]) -> bool:
    """Is a table with these properties clustered by its key?"""
    return bool(kept.get(PROPERTY)) and _SUSPENDED not in kept


def written(tree: exp.Create | exp.Alter) -> list[Expr]:
    """The expressions of the keys that a statement has."""
    found = tree.args.get("properties")
    among = tree.args.get("actions") or (found.expressions if found else [])
    return [key for each in among if isinstance(each, KINDS) for key in each.expressions]


def check(keys: Iterable[Expr], columns: Iterable[tuple[str, str]]) -> None:
    """Raises 000904 for a key of a column that the table has not, 000002 for one that aggregates,
    or is a VARIANT. columns: the table's, with their types."""
    known = {unmarked(name): kind for name, kind in columns}
    for key in keys:
        for node in key.walk():
            if isinstance(node, exp.AggFunc | exp.Window):
                raise errors.unsupported("a clustering key that aggregates")
            if isinstance(node, exp.Column):
                name = unmarked(node.name if node.this.quoted else node.name.upper())
                if name not in known:
                    raise errors.compilation(errors.UNKNOWN_COLUMN, f"invalid identifier '{name}'")
                if node is key and known[name] in _SEMI_STRUCTURED:
                    raise errors.unsupported("a VARIANT as a clustering key: cast its path")


def check_renamed(kept: Mapping[str, str], columns: Iterable[str]) -> None:
    """Raises 000002 where one of these is part of the key that a table keeps.

    https://docs.snowflake.com/en/sql-reference/sql/alter-table
    """
    if key := kept.get(PROPERTY):
        found = sqlglot.parse_one(key, read="snowflake").find_all(exp.Identifier)
        for column in {each.name for each in found} & {unmarked(each) for each in columns}:
            raise errors.compilation(
                errors.UNSUPPORTED, f"column '{column}' is part of the clustering key"
            )
