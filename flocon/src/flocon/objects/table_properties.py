"""Properties of tables and views that nothing here depends on, but that listings show.

https://docs.snowflake.com/en/sql-reference/sql/create-table
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlglot
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import OF_THE_ENGINE
from flocon.engine.marked_names import unmarked
from flocon.engine.parsing import name_of
from flocon.session.context import Context
from flocon.sql.tokens import FullName
from flocon.stores import notes

# There is no Time Travel to need retention, and changes are tracked from the first stream on.
_RETENTION = "DATA_RETENTION_TIME_IN_DAYS"
_DAYS = {_RETENTION, "MAX_DATA_EXTENSION_TIME_IN_DAYS"}
_MOST_DAYS = 90
# What ALTER TABLE sets and unsets.
SETTINGS = ("CHANGE_TRACKING", *sorted(_DAYS))
# Automatic Clustering of a clone: https://docs.snowflake.com/en/user-guide/object-clone
SUSPENDED = "AUTOMATIC_CLUSTERING_SUSPENDED"
# What CREATE OR ALTER TABLE unsets where it does not set it: not so CHANGE_TRACKING.
# https://docs.snowflake.com/en/sql-reference/sql/create-or-alter
UNSET = dict.fromkeys(("CLUSTER_BY", *_DAYS), "")


def of_create(tree: exp.Create) -> dict[str, str]:
    """The properties of a CREATE TABLE or VIEW; raises 000002 for one that would mean something
    and is not there."""
    properties = tree.args.get("properties")
    found: dict[str, str] = {}
    _check_once(tree)
    for item in properties.expressions if properties else []:
        if isinstance(item, exp.TransientProperty):
            found["TRANSIENT"] = "TRUE"
        elif isinstance(item, exp.SecureProperty):
            found["SECURE"] = "TRUE"
        elif isinstance(item, _CLUSTERING):
            if str(tree.args["kind"]).upper() == "VIEW":
                raise errors.compilation(errors.SYNTAX, "syntax error unexpected 'CLUSTER'.")
            found["CLUSTER_BY"] = clustering(item)
        elif type(item) is exp.Property and str(tree.args["kind"]).upper() == "TABLE":
            found |= setting(item, f"CREATE {tree.args['kind']} …")
        elif not isinstance(item, _SILENT):
            raise errors.unsupported(f"CREATE {tree.args['kind']} … {item.sql('snowflake')}")
    check_transient(found, is_transient="TRANSIENT" in found)
    return found


def _check_once(tree: exp.Create) -> None:
    """Raises 001046 for a property that is given twice; CLUSTER BY may be."""
    properties = tree.args.get("properties")
    seen = set()
    for item in properties.expressions if properties else []:
        if isinstance(item, exp.SchemaCommentProperty):
            name = "COMMENT"
        elif type(item) is exp.Property:
            name = item.name.upper()
        else:
            continue
        if name in seen:
            raise errors.duplicate_property(name)
        seen.add(name)


def check_transient(found: Mapping[str, str], *, is_transient: bool) -> None:
    """A transient table keeps its history for a day at most.

    https://docs.snowflake.com/en/user-guide/data-time-travel
    """
    if is_transient and int(found.get(_RETENTION, "0")) > 1:
        raise _not_so_many_days(_RETENTION, found[_RETENTION])


# Properties that are carried out elsewhere: the guard copies grants, for instance.
_SILENT = (
    exp.SchemaCommentProperty,
    exp.CopyGrantsProperty,
    exp.TemporaryProperty,
    exp.LikeProperty,
)


def setting(item: Expr, statement: str) -> dict[str, str]:
    """NAME = value, checked; raises 000002 for a property that is not kept."""
    name = item.this.name.upper()
    written = item.args.get("value") or item.args.get("expression")
    value = written.name.upper() if isinstance(written, Expr) else str(written).upper()
    if isinstance(written, exp.Boolean):
        value = str(written.this).upper()
    elif isinstance(written, exp.Neg):
        value = f"-{value}"
    if name == "CHANGE_TRACKING" and value in ("TRUE", "FALSE"):
        return {name: value}
    if name in _DAYS and value.removeprefix("-").isdecimal():
        _check_days(name, int(value))
        return {name: value}
    raise errors.unsupported(f"{statement} {item.sql('snowflake')}")


def _check_days(name: str, days: int) -> None:
    """https://docs.snowflake.com/en/sql-reference/parameters#data-retention-time-in-days"""
    if name == _RETENTION and days > _MOST_DAYS:
        raise errors.SnowflakeError(
            errors.UNSUPPORTED,
            "SQL compilation error:\nExceeds maximum allowable retention time"
            f" ({_MOST_DAYS} day(s)).",
        )
    if not 0 <= days <= _MOST_DAYS:
        raise _not_so_many_days(name, days)


def _not_so_many_days(name: str, days: object) -> errors.SnowflakeError:
    return errors.compilation(
        errors.INVALID_PROPERTY, f"invalid value [{days}] for parameter '{name}'"
    )


def clustering(item: Expr) -> str:
    """A clustering key as SHOW TABLES writes it."""
    keys = item.copy()
    for name in keys.find_all(exp.Identifier):
        if not name.quoted:
            name.set("this", name.name.upper())
    written = ", ".join(key.sql("snowflake") for key in keys.expressions)
    return unmarked(f"LINEAR({written})")


def written(columns: Iterable[exp.ColumnDef]) -> list[tuple[str, str]]:
    """Columns and their types, as a statement has them."""
    return [(each.name, each.args["kind"].sql("snowflake")) for each in columns if each.kind]


def cloned(context: Context, tree: exp.Create) -> dict[str, str]:
    """The clustering key of a table that is cloned, which is not kept up in the clone."""
    clone = tree.args.get("clone")
    key = of(context, context.resolve(name_of(clone.this))).get("CLUSTER_BY") if clone else None
    return {"CLUSTER_BY": key, SUSPENDED: "TRUE"} if key else {}


def is_clustered(tree: exp.Create) -> bool:
    properties = tree.args.get("properties") or exp.Properties(expressions=[])
    return any(isinstance(each, _CLUSTERING) for each in properties.expressions)


def check_clustering(tree: exp.Create | exp.Alter, columns: Iterable[tuple[str, str]]) -> None:
    """Raises 000904 for a clustering key of a column that the table has not, 000002 for one that
    aggregates, or is a VARIANT. columns: the table's, with their types.

    https://docs.snowflake.com/en/user-guide/tables-clustering-keys
    """
    properties = tree.args.get("properties")
    among = tree.args.get("actions") or (properties.expressions if properties else [])
    keys = [key for each in among if isinstance(each, _CLUSTERING) for key in each.expressions]
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


_SEMI_STRUCTURED = ("ARRAY", "JSON", "OBJECT", "VARIANT")
_CLUSTERING = (exp.ClusterProperty, exp.Cluster)


def check_renamed(context: Context, name: FullName, columns: Iterable[str]) -> None:
    """Raises 000002 where one of these is part of the clustering key.

    https://docs.snowflake.com/en/sql-reference/sql/alter-table
    """
    if key := of(context, name).get("CLUSTER_BY"):
        found = sqlglot.parse_one(key, read="snowflake").find_all(exp.Identifier)
        for column in {each.name for each in found} & {unmarked(each) for each in columns}:
            raise errors.compilation(
                errors.UNSUPPORTED, f"column '{column}' is part of the clustering key"
            )


def put(context: Context, name: FullName, properties: dict[str, str]) -> None:
    """Set properties of a table or view, an empty value removes one."""
    if held := context.connection.temporary.get(name):
        values = {**held.properties, **properties}
        kept = {key: value for key, value in values.items() if value}
        context.connection.temporary[name] = held._replace(properties=kept)
        return
    kind = context.relation_kind(name) or "TABLE"
    path = (name.schema, name.name)
    notes.altered(context.catalog(name.database), kind, *path, properties=properties)


def altered(context: Context, name: FullName) -> None:
    """A table or view is altered in something that is not among its properties."""
    if name in context.connection.temporary:
        context.connection.temporary_altered(name)
    else:
        put(context, name, {})


def of(context: Context, name: FullName) -> Mapping[str, str]:
    """What is kept of a table."""
    if held := context.connection.temporary.get(name):
        return held.properties
    if name.schema in OF_THE_ENGINE or name.database not in context.account.databases():
        return {}
    note = notes.find(context.catalog(name.database), "TABLE", name.schema, name.name)
    return note.properties if note else {}
